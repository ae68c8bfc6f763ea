"""Where the sentence embedding model is taken from. The model is the real one, which a package carries."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from engine.model_hub import serving
from patchmatters.language import AUTO, EMBEDDINGS, SIMILARITIES, embedding_model, similarity_for
from patchmatters.language.embedding_model import MODEL, MODEL_FOLDERS, PACKAGE, model_at_hand
from patchmatters.language.embeddings import EmbeddingSimilarity
from patchmatters.language.similarity import LexicalSimilarity
from patchmatters.weights.model_names import VARIABLE

package = pytest.importorskip(PACKAGE, reason="the package that carries the model is not installed")
pytest.importorskip("transformers", reason="transformers runs the model")
ENGLISH = ["A dog sits on the green sofa.", "There is a lamp next to the window."]


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty model folder, and no package that carries the model."""
    monkeypatch.setenv(VARIABLE, str(tmp_path / "models"))
    monkeypatch.setattr(embedding_model, "find_spec", lambda name: None if name == PACKAGE else find_spec(name))
    return tmp_path / "models"


def test_words_are_compared_where_the_model_is_nowhere(folders: Path) -> None:
    assert model_at_hand() is None
    assert similarity_for(AUTO, ENGLISH) == LexicalSimilarity()
    assert not folders.exists(), "auto fetches nothing"


@pytest.mark.parametrize("name", [MODEL, MODEL.rpartition("/")[2]])
def test_a_folder_below_the_model_folders_is_taken(folders: Path, name: str) -> None:
    (folders / name).parent.mkdir(parents=True)
    (folders / name).symlink_to(package.get_model_path(), target_is_directory=True)
    assert similarity_for(AUTO, ENGLISH) == EmbeddingSimilarity(folder=str(folders / name)) == SIMILARITIES[AUTO]()
    assert similarity_for(EMBEDDINGS, ENGLISH).matrix(ENGLISH, ENGLISH)[0][0] == pytest.approx(1.0, abs=1e-5)


def test_a_hosts_own_model_folders_are_taken(folders: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = tmp_path / "host"
    (own / MODEL).parent.mkdir(parents=True)
    (own / MODEL).symlink_to(package.get_model_path(), target_is_directory=True)
    monkeypatch.setattr(MODEL_FOLDERS, "_of_host", lambda: [own])
    assert model_at_hand() == str(own / MODEL)


def test_embeddings_by_name_are_fetched_once(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    constants = pytest.importorskip("huggingface_hub.constants", reason="downloads need huggingface_hub")
    with serving({MODEL: Path(package.get_model_path())}) as hub:
        monkeypatch.setattr(constants, "ENDPOINT", hub.address)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        similarity = similarity_for(EMBEDDINGS, ENGLISH)
        asked = len(hub.asked)
        assert similarity_for(EMBEDDINGS, ENGLISH) == similarity == similarity_for(AUTO, ENGLISH)
        assert len(hub.asked) == asked > 0
    assert similarity == EmbeddingSimilarity(folder=str(folders / MODEL))
    assert similarity.matrix(ENGLISH, ENGLISH) == EmbeddingSimilarity().matrix(ENGLISH, ENGLISH)


def test_the_package_serves_where_no_folder_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert model_at_hand() == ""
