/** LiteRT.js, and a model's two files in it. Everything goes in and out as float32. */
import { type CompiledModel, Tensor, loadAndCompile, loadLiteRt } from '@litertjs/core';
import { Bank, type Knowledge, type Shapes } from './knowledge';

// Without relaxed SIMD, whose rounding is each processor's own: the same seed is the same tune on every machine.
const RUNTIME = 'litert/litert_wasm_compat_internal.js';

let runtime: Promise<unknown> | undefined;

/** Starts LiteRT.js, once. */
export function startRuntime(): Promise<unknown> {
  runtime ??= loadLiteRt(new URL(RUNTIME, document.baseURI).href);
  return runtime;
}

export function tensorOf(values: ArrayLike<number>, shape: number[]): Tensor {
  return new Tensor(Float32Array.from(values), shape);
}

/** Returns a tensor of a shape with one value everywhere. */
export function filled(shape: number[], value: number): Tensor {
  return new Tensor(new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value), shape);
}

export function numbersOf(tensor: Tensor): Float32Array {
  return Float32Array.from(tensor.toTypedArray());
}

export function deleteAll(tensors: Iterable<Tensor>): void {
  for (const tensor of tensors) tensor.delete();
}

/** A LiteRT file; those who run it at once wait for each other. */
export class LiteRtFile {
  private last: Promise<unknown> = Promise.resolve();

  constructor(private readonly file: CompiledModel) {}

  run(inputs: () => Record<string, Tensor>): Promise<Record<string, Tensor>> {
    const run = this.last.then(() => this.file.run(inputs()));
    this.last = run.catch(() => undefined);
    return run;
  }
}

/** A model that is ready to run. */
export interface Model {
  knowledge: Knowledge;
  step: LiteRtFile;
  sampler: LiteRtFile;
  /** Null for a model that knows no form. */
  bank: Bank | null;
}

/** Loads a model of the page. */
export async function loadModel(name: string): Promise<Model> {
  const folder = `models/${encodeURIComponent(name)}/`;
  const known = fetched(`${folder}model.json`).then((response) => response.json() as Promise<Knowledge>);
  const outlines = async (): Promise<Bank | null> =>
    (await known).hasCues ? Bank.read(await fetched(`${folder}outlines.bin`)) : null;
  const [knowledge, step, sampler, bank] = await Promise.all([
    known,
    compiled(`${folder}step.tflite`),
    compiled(`${folder}sampler.tflite`),
    outlines(),
  ]);
  return { knowledge, step, sampler, bank };
}

export async function fetched(path: string): Promise<Response> {
  const response = await fetch(path);
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response;
}

async function compiled(path: string): Promise<LiteRtFile> {
  const [content] = await Promise.all([fetched(path).then((response) => response.arrayBuffer()), startRuntime()]);
  return new LiteRtFile(await loadAndCompile(new Uint8Array(content), { accelerator: 'wasm' }));
}

/** Returns tensors of some inputs, all filled with their values, or with 0. */
export function inputsOf(shapes: Shapes, values: Record<string, number>): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(shapes).map(([name, shape]) => [name, filled(shape, values[name] ?? 0)]),
  );
}
