// gzip without compression: the same bytes on every runtime, whose own compressors differ. Pure.
// RFC 1952 (the member) and RFC 1951, section 3.2.4 (stored blocks).

const HEADER = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const LARGEST_BLOCK = 0xffff;

export function stored(data: Uint8Array, crc32: (data: Uint8Array) => number): Uint8Array {
  const blocks = Math.max(1, Math.ceil(data.length / LARGEST_BLOCK));
  const out = new Uint8Array(HEADER.length + blocks * 5 + data.length + 8);
  const view = new DataView(out.buffer);
  out.set(HEADER);
  let to = HEADER.length;
  for (let block = 0; block < blocks; block += 1) {
    const part = data.subarray(block * LARGEST_BLOCK, (block + 1) * LARGEST_BLOCK);
    view.setUint8(to, block === blocks - 1 ? 1 : 0);
    view.setUint16(to + 1, part.length, true);
    view.setUint16(to + 3, part.length ^ 0xffff, true);
    out.set(part, to + 5);
    to += 5 + part.length;
  }
  view.setUint32(to, crc32(data), true);
  view.setUint32(to + 4, data.length % 2 ** 32, true);
  return out;
}
