// SPDX-License-Identifier: Apache-2.0
// Bars on a canvas. Each bar can be measured, incomplete, estimated (striped), missing (a striped field) or awaited (a
// dotted field), and carries a mark at the height of the period before. Small enough for the personal account.

import type { PointState } from './format';

export interface Bar {
  label: string;
  value: number | null;
  previous: number | null;
  state: PointState;
  /** Part of the bar's hours that was received, 0 to 1. */
  share: number;
}

export interface ChartColours {
  bar: string;
  dim: string;
  line: string;
  previous: string;
  missing: string;
  surface: string;
}

export interface ChartSetup {
  bars: Bar[];
  width: number;
  height: number;
  colours: ChartColours;
  font: string;
  formatAxis: (v: number) => string;
}

/** A bar as it is drawn: one of the setup's, or several that share a column too narrow for each. */
export interface Column extends Bar {
  /** The setup's bar that is meant when somebody points here. */
  at: number;
  /** The first bar that it stands for. */
  first: number;
  /** The highest of those it stands for; null when it stands for one. */
  peak: number | null;
}

const WORST: PointState[] = ['missing', 'awaited', 'estimated', 'partial'];

/** At most `columns` of them. A column is as high as the mean of its bars, and knows the peak; what is worst of one is
 *  said of all, so that nothing estimated or missing disappears in a wide view. */
export function condense(bars: Bar[], columns: number): Column[] {
  if (bars.length <= columns) return bars.map((b, at) => ({ ...b, at, first: at, peak: null }));
  const out: Column[] = [];
  const each = Math.ceil(bars.length / columns);
  for (let first = 0; first < bars.length; first += each) {
    const part = bars.slice(first, first + each);
    const values = part.flatMap((b) => (b.value === null ? [] : [b.value]));
    const before = part.flatMap((b) => (b.previous === null ? [] : [b.previous]));
    let at = 0;
    part.forEach((b, i) => {
      if ((b.value ?? -Infinity) > (part[at]?.value ?? -Infinity)) at = i;
    });
    const mean = (v: number[]) => (v.length === 0 ? null : v.reduce((a, b) => a + b, 0) / v.length);
    out.push({
      label: part[0]?.label ?? '', value: mean(values), previous: mean(before),
      state: WORST.find((w) => part.some((b) => b.state === w)) ?? part[0]?.state ?? 'missing',
      share: Math.min(...part.map((b) => b.share)), at: first + at, first, peak: values.length ? Math.max(...values) : null,
    });
  }
  return out;
}

const MAX_BAR_PX = 54;
const TOP = 12;
const BOTTOM = 28;
const RIGHT = 6;

/** Heights for the grid: about `count` of them in steps of 1, 2 or 5 times a power of ten. */
export function gridSteps(min: number, max: number, count: number): number[] {
  const rough = (max - min) / Math.max(1, count);
  if (!(rough > 0)) return [0];
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = rough / power;
  const step = (unit > 5 ? 10 : unit > 2 ? 5 : unit > 1 ? 2 : 1) * power;
  const out: number[] = [];
  for (let i = Math.ceil(min / step); i * step <= max * 1.0001; i++) out.push(i * step);
  return out;
}

/** Every how manyth bar gets a label, so that they stay apart and land on round numbers. */
export function labelStep(bars: number, widthPx: number, labelPx: number): number {
  const room = Math.max(1, Math.floor(widthPx / (labelPx + 10)));
  return [1, 2, 3, 4, 6, 7, 12, 24].find((x) => bars / x <= room) ?? Math.ceil(bars / room);
}

/** Diagonal stripes in CSS pixels. */
function stripes(ctx: CanvasRenderingContext2D, ratio: number, colour: string, gap: number, width: number): CanvasPattern | string {
  const side = Math.round(gap * ratio);
  const tile = document.createElement('canvas');
  tile.width = tile.height = side;
  const c = tile.getContext('2d');
  if (!c) return colour;
  c.strokeStyle = colour;
  c.lineWidth = width * ratio;
  c.beginPath();
  for (const d of [-side, 0, side]) {
    c.moveTo(d - 2, side + 2);
    c.lineTo(d + side + 2, -2);
  }
  c.stroke();
  const p = ctx.createPattern(tile, 'repeat');
  p?.setTransform(new DOMMatrix().scale(1 / ratio));
  return p ?? colour;
}

export class BarChart {
  #ctx: CanvasRenderingContext2D;
  #s: ChartSetup;
  #columns: Column[];
  #left = 0;
  #slot = 1;
  #top = 1;
  #base = 0;
  #ratio = devicePixelRatio || 1;
  #estimated: CanvasPattern | string;

  constructor(readonly canvas: HTMLCanvasElement, setup: ChartSetup) {
    const ctx = canvas.getContext('2d');
    if (!ctx) throw new Error('no canvas');
    this.#ctx = ctx;
    this.#s = setup;
    // A column of two pixels is the narrowest that the eye tells from its neighbour.
    this.#columns = condense(setup.bars, Math.max(60, Math.floor(setup.width / 2)));
    this.#estimated = stripes(ctx, this.#ratio, setup.colours.bar, 6, 1.8);
    canvas.width = Math.round(setup.width * this.#ratio);
    canvas.height = Math.round(setup.height * this.#ratio);
    canvas.style.width = `${setup.width}px`;
    canvas.style.height = `${setup.height}px`;
    this.draw(null);
  }

  /** The bar below a point of the canvas, null beside all bars. */
  at(x: number): number | null {
    const i = Math.floor((x - this.#left) / this.#slot);
    return this.#columns[i]?.at ?? null;
  }

  draw(active: number | null): void {
    const { width, height, colours, font } = this.#s;
    const bars = this.#columns;
    const ctx = this.#ctx;
    ctx.setTransform(this.#ratio, 0, 0, this.#ratio, 0, 0);
    ctx.clearRect(0, 0, width, height);
    ctx.font = font;
    const all = bars.flatMap((b) => [b.value, b.previous, b.peak]).filter((v): v is number => v !== null);
    const max = Math.max(0, ...all) * 1.06 || 1;
    const min = Math.min(0, ...all) * 1.06;
    const plot = height - TOP - BOTTOM;
    const steps = gridSteps(min, max, plot / 46);
    const texts = steps.map(this.#s.formatAxis);
    this.#left = Math.ceil(Math.max(...texts.map((x) => ctx.measureText(x).width))) + 10;
    this.#slot = (width - this.#left - RIGHT) / Math.max(1, bars.length);
    this.#top = max;
    this.#base = min;
    this.#grid(steps, texts);
    const lit = active === null ? null : bars.filter((b) => b.first <= active).length - 1;
    this.#fields(lit);
    for (const [i, b] of bars.entries()) this.#bar(i, b, lit);
    this.#labels(colours.dim);
  }

  #y(v: number): number {
    const plot = this.#s.height - TOP - BOTTOM;
    return TOP + ((this.#top - v) / (this.#top - this.#base)) * plot;
  }

  #grid(steps: number[], texts: string[]): void {
    const ctx = this.#ctx;
    ctx.textAlign = 'right';
    ctx.textBaseline = 'middle';
    ctx.lineWidth = 1;
    steps.forEach((v, i) => {
      const y = Math.round(this.#y(v)) + 0.5;
      ctx.strokeStyle = v === 0 ? this.#s.colours.missing : this.#s.colours.line;
      segment(ctx, this.#left, this.#s.width - RIGHT, y);
      ctx.fillStyle = this.#s.colours.dim;
      ctx.fillText(texts[i] ?? '', this.#left - 8, y);
    });
  }

  #fields(active: number | null): void {
    const ctx = this.#ctx;
    const plot = this.#s.height - TOP - BOTTOM;
    const pattern = stripes(ctx, this.#ratio, this.#s.colours.missing, 9, 1.1);
    this.#columns.forEach((b, i) => {
      const x = this.#left + i * this.#slot;
      if (b.state === 'missing') {
        ctx.fillStyle = pattern;
        ctx.fillRect(x, TOP, this.#slot, plot);
      } else if (b.state === 'awaited') {
        ctx.strokeStyle = this.#s.colours.missing;
        ctx.lineWidth = 2;
        ctx.setLineDash([2, 5]);
        segment(ctx, x + 2, x + this.#slot - 2, this.#y(0) - 4);
        ctx.setLineDash([]);
      }
      if (i === active) {
        ctx.globalAlpha = 0.5;
        ctx.fillStyle = this.#s.colours.line;
        ctx.fillRect(x, TOP, this.#slot, plot);
        ctx.globalAlpha = 1;
      }
    });
  }

  #bar(i: number, b: Column, active: number | null): void {
    const ctx = this.#ctx;
    const { colours } = this.#s;
    const width = Math.max(1, Math.min(this.#slot * 0.7, MAX_BAR_PX));
    const x = this.#left + (i + 0.5) * this.#slot - width / 2;
    const zero = this.#y(0);
    if (b.peak !== null && b.peak > 0) {
      ctx.globalAlpha = 0.35;
      ctx.fillStyle = colours.bar;
      ctx.fillRect(x, this.#y(b.peak), width, zero - this.#y(b.peak));
      ctx.globalAlpha = 1;
    }
    if (b.value !== null) {
      // A zero is a fact: it gets a line of its own, where a missing value gets a striped field.
      const h = Math.max(Math.abs(zero - this.#y(b.value)), 1.5);
      const r = Math.min(4, width / 4, h);
      ctx.beginPath();
      ctx.roundRect(x, b.value < 0 ? zero : zero - h, width, h, b.value < 0 ? [0, 0, r, r] : [r, r, 0, 0]);
      ctx.globalAlpha = active !== null && active !== i ? 0.6 : 1;
      ctx.lineWidth = 1.2;
      ctx.strokeStyle = ctx.fillStyle = colours.bar;
      if (b.state === 'estimated') {
        ctx.fillStyle = colours.surface;
        ctx.fill();
        ctx.fillStyle = this.#estimated;
        ctx.fill();
        ctx.stroke();
      } else if (b.state === 'partial') {
        const alpha = ctx.globalAlpha;
        ctx.globalAlpha = alpha * (b.share >= 0.9 ? 0.72 : 0.35);
        ctx.fill();
        ctx.globalAlpha = alpha;
        ctx.setLineDash([4, 3]);
        ctx.stroke();
        ctx.setLineDash([]);
      } else {
        ctx.fill();
      }
      ctx.globalAlpha = 1;
    }
    if (b.previous) {
      const y = this.#y(b.previous);
      const over = Math.min(width * 0.12, 3);
      if (b.value !== null && Math.abs(b.value) > 0) {
        ctx.strokeStyle = colours.surface;
        ctx.lineWidth = 4.5;
        segment(ctx, x, x + width, y);
      }
      ctx.strokeStyle = colours.previous;
      ctx.lineWidth = 2;
      segment(ctx, x - over, x + width + over, y);
    }
  }

  #labels(colour: string): void {
    const ctx = this.#ctx;
    const { width, height } = this.#s;
    const bars = this.#columns;
    const widest = Math.max(...bars.map((b) => ctx.measureText(b.label).width), 1);
    const step = labelStep(bars.length, width - this.#left - RIGHT, widest);
    ctx.fillStyle = colour;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'top';
    for (let i = 0; i < bars.length; i += step) {
      ctx.fillText(bars[i]?.label ?? '', this.#left + (i + 0.5) * this.#slot, height - BOTTOM + 8);
    }
  }
}

function segment(ctx: CanvasRenderingContext2D, x0: number, x1: number, y: number): void {
  ctx.beginPath();
  ctx.moveTo(x0, y);
  ctx.lineTo(x1, y);
  ctx.stroke();
}
