// SPDX-License-Identifier: Apache-2.0
// An OpenAPI 3.1 document, as far as ours goes, turned into what a page shows: groups of operations, and schemas as text.

interface Schema {
  $ref?: string; type?: string | string[]; properties?: Record<string, Schema>; required?: string[]; items?: Schema; enum?: unknown[];
  anyOf?: Schema[]; oneOf?: Schema[]; allOf?: Schema[]; additionalProperties?: boolean | Schema; description?: string; format?: string;
  minimum?: number; maximum?: number; minLength?: number; maxLength?: number; pattern?: string; const?: unknown;
}
interface Parameter { $ref?: string; name: string; in: string; required?: boolean; description?: string; schema?: Schema }
interface Body { description?: string; $ref?: string; content?: Record<string, { schema?: Schema }> }
interface RawOperation {
  operationId: string; tags: string[]; summary: string; description?: string; parameters?: Parameter[]; requestBody?: Body; responses: Record<string, Body>;
  'x-role': string; 'x-scope': string; 'x-csrf'?: boolean; 'x-guest'?: boolean; 'x-session-only'?: boolean;
}
export interface Raw { tags?: { name: string; description?: string }[]; paths: Record<string, Record<string, RawOperation>>; components: Record<string, Record<string, unknown>> }

export interface Operation {
  id: string; tag: string; method: string; path: string; summary: string; description: string; role: string; scope: string; csrf: boolean; guest: boolean; sessionOnly: boolean;
  parameters: { name: string; in: string; required: boolean; type: string; description: string }[];
  body: string; bodyType: string;
  answers: { status: string; description: string; schema: string }[];
}

const DEEPEST = 7;

export class Document {
  readonly operations: Operation[];

  constructor(private readonly raw: Raw) {
    this.operations = Object.entries(raw.paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, o]) => this.#operation(path, method, o)));
  }

  groups(search: string): { name: string; description: string; operations: Operation[] }[] {
    const found = this.operations.filter((o) => !search || `${o.method} ${o.path} ${o.id} ${o.summary}`.toLowerCase().includes(search));
    return (this.raw.tags ?? []).map((g) => ({ name: g.name, description: g.description ?? '', operations: found.filter((o) => o.tag === g.name) })).filter((g) => g.operations.length > 0);
  }

  #operation(path: string, method: string, o: RawOperation): Operation {
    const [bodyType, content] = Object.entries(o.requestBody?.content ?? {})[0] ?? ['', {}];
    return {
      id: o.operationId, tag: o.tags[0] ?? '', method, path, summary: o.summary, description: o.description ?? '', role: o['x-role'], scope: o['x-scope'],
      csrf: o['x-csrf'] === true, guest: o['x-guest'] === true, sessionOnly: o['x-session-only'] === true,
      parameters: (o.parameters ?? []).map((p) => this.#follow<Parameter>(p)).map((p) => ({ name: p.name, in: p.in, required: p.required === true, type: this.text(p.schema ?? {}), description: p.description ?? '' })),
      body: content?.schema ? this.text(content.schema) : '', bodyType,
      answers: Object.entries(o.responses).map(([status, a]) => {
        const r = this.#follow<Body>(a);
        const [type, c] = Object.entries(r.content ?? {})[0] ?? ['', {}];
        const shown = c?.schema && status < '300';
        return { status, description: r.description ?? '', schema: shown ? (type === 'application/json' ? this.text(c.schema ?? {}) : type) : '' };
      }),
    };
  }

  #follow<T extends { $ref?: string }>(x: T): T {
    if (!x.$ref) return x;
    const [, , kind = '', name = ''] = x.$ref.split('/');
    return (this.raw.components[kind]?.[name] ?? {}) as T;
  }

  /** A schema as something between JSON and prose: names, types, limits, meanings. */
  text(schema: Schema, depth = 0): string {
    const s = this.#follow(schema);
    const pad = '  '.repeat(depth + 1);
    const options = s.anyOf ?? s.oneOf;
    if (depth > DEEPEST) return '…';
    if (options) return options.map((x) => this.text(x, depth)).join(' | ');
    if (s.allOf) return s.allOf.map((x) => this.text(x, depth)).join(' & ');
    if (s.const !== undefined) return JSON.stringify(s.const);
    if (s.enum) return s.enum.map((v) => JSON.stringify(v)).join(' | ');
    if (s.properties) {
      const need = new Set(s.required ?? []);
      const rows = Object.entries(s.properties).map(([name, p]) => `${pad}${name}${need.has(name) ? '' : '?'}: ${this.text(p, depth + 1)}${p.description ? `   // ${p.description}` : ''}`);
      return rows.length ? `{\n${rows.join('\n')}\n${'  '.repeat(depth)}}` : '{}';
    }
    if (s.items) return `[${this.text(s.items, depth)}]`;
    if (typeof s.additionalProperties === 'object') return `{ [name]: ${this.text(s.additionalProperties, depth)} }`;
    const type = Array.isArray(s.type) ? s.type.join(' | ') : (s.type ?? 'any');
    const limits = [s.format, s.pattern, s.minimum !== undefined || s.maximum !== undefined ? `${s.minimum ?? ''}..${s.maximum ?? ''}` : '', s.maxLength !== undefined ? `${s.minLength ?? 0}..${s.maxLength} characters` : ''].filter(Boolean);
    return limits.length ? `${type} (${limits.join(', ')})` : type;
  }
}
