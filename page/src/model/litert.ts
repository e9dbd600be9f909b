/** LiteRT.js, and a model's two files in it. Everything goes in and out as float32. */
import { type CompiledModel, Tensor, getGlobalLiteRt, loadAndCompile, loadLiteRt } from '@litertjs/core';
import { Bank, type Knowledge, type Shapes } from './knowledge';

// Without relaxed SIMD, whose rounding is each processor's own: the same seed is the same tune on every machine.
const RUNTIME = 'litert/litert_wasm_compat_internal.js';

let runtime: Promise<unknown> | undefined;

/** Starts LiteRT.js, once. */
export function startRuntime(): Promise<unknown> {
  runtime ??= loadLiteRt(new URL(RUNTIME, document.baseURI).href);
  return runtime;
}

/** Returns a tensor of a shape with one value everywhere. */
export function filled(shape: number[], value: number): Tensor {
  return new Tensor(new Float32Array(shape.reduce((product, size) => product * size, 1)).fill(value), shape);
}

/** Writes other numbers into a tensor, which is a tenth of the work of making one. */
export function write(tensor: Tensor, values: ArrayLike<number>): void {
  const { liteRtWasm } = getGlobalLiteRt();
  const start = tensor.liteRtTensorBuffer.lock(liteRtWasm.LiteRtTensorBufferLockMode.WRITE);
  new Float32Array(liteRtWasm.HEAPU8.buffer, start, values.length).set(values);
  tensor.liteRtTensorBuffer.unlock();
}

/** Returns the first numbers of a tensor. */
export function numbersOf(tensor: Tensor, count: number): Float32Array {
  const { liteRtWasm } = getGlobalLiteRt();
  const start = tensor.liteRtTensorBuffer.lock(liteRtWasm.LiteRtTensorBufferLockMode.READ);
  const numbers = new Float32Array(liteRtWasm.HEAPU8.buffer, start, count).slice();
  tensor.liteRtTensorBuffer.unlock();
  return numbers;
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
