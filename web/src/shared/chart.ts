// SPDX-License-Identifier: Apache-2.0
// Bars over uPlot's axes, scales and cursor. The bars are drawn here because each can be measured, incomplete, estimated
// (striped) or missing (a striped field), and carries a mark at the height of the previous period.

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { PointState } from './format';

export interface Bar {
  label: string;
  value: number | null;
  previous: number | null;
  state: PointState;
}

export interface ChartColours {
  bar: string;
  ink: string;
  dim: string;
  line: string;
  previous: string;
  missing: string;
  surface: string;
}

export interface ChartSetup {
  bars: Bar[];
  height: number;
  colours: ChartColours;
  font: string;
  formatAxis: (v: number) => string;
  onhover: (index: number | null) => void;
}

const MAX_BAR_PX = 54;

/** Diagonal stripes, at the device's own resolution. */
function stripes(ctx: CanvasRenderingContext2D, colour: string, ratio: number, gap: number, width: number): CanvasPattern | string {
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
  return ctx.createPattern(tile, 'repeat') ?? colour;
}

function drawMissing(u: uPlot, s: ChartSetup, half: number): void {
  const { ctx, bbox } = u;
  const ratio = devicePixelRatio;
  ctx.fillStyle = stripes(ctx, s.colours.missing, ratio, 9, 1.2);
  s.bars.forEach((b, i) => {
    if (b.state !== 'missing') return;
    const x = u.valToPos(i, 'x', true);
    ctx.fillRect(x - half, bbox.top, 2 * half, bbox.height);
  });
}

function drawBars(u: uPlot, s: ChartSetup, slot: number, active: number | null): void {
  const { ctx } = u;
  const ratio = devicePixelRatio;
  const width = Math.max(ratio, Math.min(slot * 0.7, MAX_BAR_PX * ratio));
  const base = u.valToPos(0, 'y', true);
  const striped = stripes(ctx, s.colours.bar, ratio, 6, 1.8);
  s.bars.forEach((b, i) => {
    const x = u.valToPos(i, 'x', true) - width / 2;
    if (b.value !== null) {
      const y = u.valToPos(b.value, 'y', true);
      // A zero is a fact: it gets a line of its own, where a missing value gets a striped field.
      const h = Math.max(Math.abs(base - y), 1.5 * ratio);
      const top = b.value < 0 ? base : base - h;
      const r = Math.min(4 * ratio, width / 4, h);
      ctx.beginPath();
      ctx.roundRect(x, top, width, h, b.value < 0 ? [0, 0, r, r] : [r, r, 0, 0]);
      ctx.globalAlpha = active !== null && active !== i ? 0.55 : 1;
      if (b.state === 'estimated') {
        ctx.fillStyle = s.colours.surface;
        ctx.fill();
        ctx.fillStyle = striped;
        ctx.fill();
        ctx.strokeStyle = s.colours.bar;
        ctx.lineWidth = ratio;
        ctx.stroke();
      } else if (b.state === 'partial') {
        ctx.fillStyle = s.colours.bar;
        ctx.globalAlpha *= 0.35;
        ctx.fill();
        ctx.globalAlpha /= 0.35;
        ctx.setLineDash([4 * ratio, 3 * ratio]);
        ctx.strokeStyle = s.colours.bar;
        ctx.lineWidth = 1.5 * ratio;
        ctx.stroke();
        ctx.setLineDash([]);
      } else {
        ctx.fillStyle = s.colours.bar;
        ctx.fill();
      }
      ctx.globalAlpha = 1;
    }
    if (b.previous !== null) {
      const y = u.valToPos(b.previous, 'y', true);
      const over = Math.min(width * 0.14, 4 * ratio);
      ctx.lineCap = 'round';
      ctx.strokeStyle = s.colours.surface;
      ctx.lineWidth = 5 * ratio;
      line(ctx, x - over, x + width + over, y);
      ctx.strokeStyle = s.colours.previous;
      ctx.lineWidth = 2.2 * ratio;
      line(ctx, x - over, x + width + over, y);
      ctx.lineCap = 'butt';
    }
  });
}

function line(ctx: CanvasRenderingContext2D, x0: number, x1: number, y: number): void {
  ctx.beginPath();
  ctx.moveTo(x0, y);
  ctx.lineTo(x1, y);
  ctx.stroke();
}

export interface BarChart {
  resize(width: number): void;
  select(index: number | null): void;
  destroy(): void;
}

export function barChart(host: HTMLElement, width: number, s: ChartSetup): BarChart {
  let active: number | null = null;
  const n = s.bars.length;
  const slotOf = (u: uPlot) => u.bbox.width / Math.max(n, 1);
  const all = s.bars.flatMap((b) => [b.value, b.previous]).filter((v): v is number => v !== null);
  const max = Math.max(0, ...all);
  const min = Math.min(0, ...all);
  const axis = {
    stroke: s.colours.dim,
    font: s.font,
    ticks: { show: false },
  };
  const u = new uPlot(
    {
      width,
      height: s.height,
      padding: [12, 8, 0, 0],
      legend: { show: false },
      cursor: { x: false, y: false, points: { show: false }, drag: { x: false, y: false, setScale: false } },
      scales: {
        x: { time: false, range: () => [-0.5, Math.max(n - 0.5, 0.5)] },
        y: { range: () => [min * 1.05, max > min ? max * 1.08 : 1] },
      },
      series: [{}, { paths: () => null, points: { show: false } }],
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 30,
          gap: 6,
          splits: (v) => ticks(n, v.bbox.width / devicePixelRatio),
          values: (_u, splits) => splits.map((i) => s.bars[i]?.label ?? ''),
        },
        {
          ...axis,
          grid: { stroke: s.colours.line, width: 1 },
          size: 56,
          gap: 6,
          space: 44,
          values: (_u, splits) => splits.map((v) => s.formatAxis(v)),
        },
      ],
      hooks: {
        drawAxes: [(v) => drawMissing(v, s, slotOf(v) / 2)],
        draw: [(v) => drawBars(v, s, slotOf(v), active)],
        setCursor: [
          (v) => {
            const i = v.cursor.idx ?? null;
            if (i !== active) {
              active = i;
              v.redraw(false, false);
              s.onhover(i);
            }
          },
        ],
      },
    },
    [s.bars.map((_, i) => i), s.bars.map((b) => b.value)],
    host,
  );
  return {
    resize: (w) => u.setSize({ width: w, height: s.height }),
    select: (i) => {
      active = i;
      u.redraw(false, false);
    },
    destroy: () => u.destroy(),
  };
}

/** Which bars get a label: as many as fit, in steps that read well. */
function ticks(n: number, width: number): number[] {
  const room = Math.max(1, Math.floor(width / 44));
  const step = [1, 2, 3, 4, 6, 7, 12].find((x) => n / x <= room) ?? Math.ceil(n / room);
  return Array.from({ length: Math.ceil(n / step) }, (_, i) => i * step);
}
