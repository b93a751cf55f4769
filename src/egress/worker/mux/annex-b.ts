// H.264 as encoders write it, units behind start codes, and as files hold it, units behind their lengths.

const START_CODE = Buffer.from([0, 0, 1]);

/** The NAL units between start codes, views of `bytes`. */
export function splitNals(bytes: Buffer): Buffer[] {
  const units: Buffer[] = [];
  let start = bytes.indexOf(START_CODE);
  while (start !== -1) {
    const from = start + START_CODE.length;
    const next = bytes.indexOf(START_CODE, from);
    let end = next === -1 ? bytes.length : next;
    // Zeros before a start code belong to it (or are padding), never to the unit, which ends in a stop bit.
    while (end > from && bytes[end - 1] === 0) end -= 1;
    if (end > from) units.push(bytes.subarray(from, end));
    start = next;
  }
  return units;
}

export function toLengthPrefixed(bytes: Buffer): Buffer {
  const units = splitNals(bytes);
  const whole = Buffer.allocUnsafe(units.reduce((sum, { length }) => sum + length + 4, 0));
  let offset = 0;
  for (const unit of units) {
    whole.writeUInt32BE(unit.length, offset);
    unit.copy(whole, offset + 4);
    offset += unit.length + 4;
  }
  return whole;
}
