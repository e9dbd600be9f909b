import { loadModel, type Model } from './model/litert';
import { Writer } from './model/writer';
import { Sampler } from './model/walk';
import type { Request } from './model/request';

const models = new Map<string, Promise<{ model: Model; sampler: Sampler }>>();
function ready(name: string): Promise<{ model: Model; sampler: Sampler }> {
  const known = models.get(name) ?? loadModel(name).then((model) => ({ model, sampler: new Sampler(model) }));
  models.set(name, known);
  return known;
}
async function write(request: Request): Promise<number[]> {
  const { model, sampler } = await ready(request.model);
  const writer = new Writer(model, sampler, request);
  for await (const _ of writer.write());
  return writer.events;
}
Object.assign(window, { melodyRnn: { write } });
