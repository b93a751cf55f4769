// What set-up shows: one line per step that has something to do, and signs of life while it lasts. A terminal
// sees one line that rewrites itself; a log file or a pipe sees a few plain lines.

const PLAIN_LINE_EVERY_MS = 10_000;
const TERMINAL_REDRAW_EVERY_MS = 250;

/** Announces a step that is about to do something. Call `done` or `failed` on what it returns. */
export function beginStep(title, out = process.stderr) {
  return new Step(title, out);
}

class Step {
  #title;
  #out;
  #startedAt = Date.now();
  #note = '';
  #percent;
  #timer;

  constructor(title, out) {
    this.#title = title;
    this.#out = out;
    if (!out.isTTY) this.#out.write(`set-up: ${title} ...\n`);
    this.#timer = setInterval(() => this.#draw(), out.isTTY ? TERMINAL_REDRAW_EVERY_MS : PLAIN_LINE_EVERY_MS);
    this.#timer.unref();
  }

  /** What the step is at now; shown with the next sign of life. */
  update({ note = this.#note, percent }) {
    this.#note = note;
    this.#percent = percent;
  }

  done(result) {
    this.#end(`${result} (${this.#elapsed()})`);
  }

  failed() {
    this.#end(`failed after ${this.#elapsed()}`);
  }

  #draw() {
    const percent = this.#percent === undefined ? '' : ` ${Math.floor(this.#percent)} %`;
    const note = this.#note === '' ? '' : `, ${this.#note}`;
    this.#line(`set-up: ${this.#title}${note} ...${percent} (${this.#elapsed()})`, this.#out.isTTY ? '' : '\n');
  }

  #end(result) {
    clearInterval(this.#timer);
    this.#line(`set-up: ${this.#title}: ${result}`, '\n');
  }

  #line(text, ending) {
    const rewrite = this.#out.isTTY ? '\r\x1b[K' : '';
    // A line longer than the terminal would wrap and could not be rewritten.
    const shown = ending === '' ? text.slice(0, (this.#out.columns ?? 80) - 1) : text;
    this.#out.write(`${rewrite}${shown}${ending}`);
  }

  #elapsed() {
    const seconds = Math.round((Date.now() - this.#startedAt) / 1000);
    return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  }
}
