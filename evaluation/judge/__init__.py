"""What a caption claims of a world: true, false, said again, left out, and where it was lost or let in."""
