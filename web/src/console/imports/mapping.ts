// SPDX-License-Identifier: Apache-2.0
// What the columns of a table mean, as the wizard edits it: between its form and the platform's mapping (docs/files.md).

export type Rows = 'meters' | 'intervals' | 'registers';

export const FIELDS: Record<Rows, { required: readonly string[]; optional: readonly string[] }> = {
  meters: {
    required: ['device_id', 'serial', 'model', 'network_address', 'master_key', 'medium', 'obis', 'unit'],
    optional: ['label', 'usage_point', 'address', 'time_zone', 'customer', 'customer_name', 'customer_login', 'channel', 'scale', 'register_digits'],
  },
  intervals: { required: ['serial', 'time', 'value'], optional: ['channel'] },
  registers: { required: ['serial', 'time', 'value'], optional: ['channel'] },
};

/** Where a field's content is: a heading of the table, or the same text in each row. */
export interface Source {
  column: string;
  constant: string;
}

export interface MappingForm {
  rows: Rows;
  sheet: string;
  headerRow: number;
  fields: Record<string, Source>;
  format: string;
  zone: string;
  unit: string;
  scale: number;
  measure: 'amount' | 'mean';
  seconds: number;
  stamp: 'start' | 'end';
}

type Json = Record<string, unknown>;

export function emptyForm(zone: string): MappingForm {
  return { rows: 'intervals', sheet: '', headerRow: 1, fields: {}, format: 'rfc3339', zone, unit: 'W.h', scale: 3, measure: 'amount', seconds: 3600, stamp: 'start' };
}

/** Columns whose headings say what they are, so that most files need no clicks. */
export function guess(form: MappingForm, headings: string[]): void {
  const norm = (x: string) => x.toLowerCase().replace(/[^a-z0-9]/g, '');
  const alike: Record<string, string[]> = {
    serial: ['meter', 'meterid', 'serialnumber', 'meternumber'], time: ['timestamp', 'datetime', 'date', 'start', 'starttime'],
    value: ['kwh', 'consumption', 'energy', 'reading', 'amount', 'm3'],
  };
  for (const f of [...FIELDS[form.rows].required, ...FIELDS[form.rows].optional]) {
    if (form.fields[f]?.column || form.fields[f]?.constant) continue;
    const hit = headings.find((h) => norm(h) === norm(f)) ?? headings.find((h) => alike[f]?.includes(norm(h)));
    if (hit) form.fields[f] = { column: hit, constant: '' };
  }
}

export function complete(form: MappingForm): boolean {
  return FIELDS[form.rows].required.every((f) => form.fields[f]?.column || form.fields[f]?.constant);
}

export function toMapping(name: string, form: MappingForm): Json {
  const columns: Json = {};
  for (const f of [...FIELDS[form.rows].required, ...FIELDS[form.rows].optional]) {
    const s = form.fields[f];
    if (!s || !(s.column || s.constant)) continue;
    const source: Json = s.column ? { column: s.column } : { constant: s.constant };
    if (f === 'time') Object.assign(source, { format: form.format, zone: form.zone });
    if (f === 'value') Object.assign(source, { unit: form.unit, scale: form.scale, ...(form.rows === 'intervals' ? { measure: form.measure } : {}) });
    columns[f] = source;
  }
  const table: Json = { header_row: form.headerRow };
  if (form.sheet) table['sheet'] = form.sheet;
  const out: Json = { name, rows: form.rows, table, columns };
  if (form.rows === 'intervals') out['interval'] = { seconds: form.seconds, stamp: form.stamp };
  return out;
}

export function fromMapping(m: Json, zone: string): MappingForm {
  const form = emptyForm(zone);
  const table = (m['table'] ?? {}) as Json;
  const interval = (m['interval'] ?? {}) as Json;
  if (m['rows'] === 'meters' || m['rows'] === 'registers') form.rows = m['rows'];
  form.sheet = String(table['sheet'] ?? '');
  form.headerRow = Number(table['header_row'] ?? 1);
  form.seconds = Number(interval['seconds'] ?? 3600);
  form.stamp = interval['stamp'] === 'end' ? 'end' : 'start';
  for (const [f, s] of Object.entries((m['columns'] ?? {}) as Record<string, Json>)) {
    form.fields[f] = { column: String(s['column'] ?? ''), constant: String(s['constant'] ?? '') };
    if (f === 'time') {
      form.format = String(s['format'] ?? 'rfc3339');
      form.zone = String(s['zone'] ?? 'UTC');
    }
    if (f === 'value') {
      form.unit = String(s['unit'] ?? 'W.h');
      form.scale = Number(s['scale'] ?? 0);
      form.measure = s['measure'] === 'mean' ? 'mean' : 'amount';
    }
  }
  return form;
}
