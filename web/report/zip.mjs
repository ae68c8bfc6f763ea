// A .zip of small texts, stored without compression, with names in UTF-8 (APPNOTE.TXT 6.3, sections 4.3.7 to 4.3.16).

export const MOST_FILES = 0xffff; // more would need Zip64
export const LONGEST_NAME = 0xffff; // bytes

const UTF8_NAMES = 0x0800;
const VERSION = 20;
const DATE = (46 << 9) | (1 << 5) | 1; // 1 January 2026: the same captions give the same bytes

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit += 1) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** @param {Uint8Array} bytes */
function crc32(bytes) {
  let value = 0xffffffff;
  for (const byte of bytes) value = (value >>> 8) ^ CRC_TABLE[(value ^ byte) & 0xff];
  return ~value >>> 0;
}

/**
 * The parts of the archive, for a Blob.
 * @param {{name: string, text: string}[]} files
 * @returns {Uint8Array<ArrayBuffer>[]}
 */
export function zipParts(files) {
  const encoder = new TextEncoder();
  const parts = [];
  const directory = [];
  let offset = 0;
  for (const file of files) {
    const [name, content] = [encoder.encode(file.name), encoder.encode(file.text)];
    const described = fields([[2, VERSION], [2, UTF8_NAMES], [2, 0], [2, 0], [2, DATE], [4, crc32(content)],
      [4, content.length], [4, content.length], [2, name.length], [2, 0]]);
    parts.push(fields([[4, 0x04034b50]]), described, name, content);
    directory.push(fields([[4, 0x02014b50], [2, VERSION]]), described,
      fields([[2, 0], [2, 0], [2, 0], [4, 0], [4, offset]]), name);
    offset += 4 + described.length + name.length + content.length;
  }
  const size = directory.reduce((sum, part) => sum + part.length, 0);
  const end = fields([[4, 0x06054b50], [2, 0], [2, 0], [2, files.length], [2, files.length], [4, size], [4, offset], [2, 0]]);
  return [...parts, ...directory, end];
}

/** Numbers of 2 or 4 bytes, lowest byte first. @param {[2 | 4, number][]} numbers */
function fields(numbers) {
  const bytes = new Uint8Array(numbers.reduce((sum, [size]) => sum + size, 0));
  const view = new DataView(bytes.buffer);
  let place = 0;
  for (const [size, number] of numbers) {
    if (size === 2) view.setUint16(place, number, true);
    else view.setUint32(place, number, true);
    place += size;
  }
  return bytes;
}
