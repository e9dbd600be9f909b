/**
 * The random numbers of a run: those of `numpy.random.Generator(numpy.random.Philox(key=[seed, number]))`.
 * Source: Salmon et al. 2011, 'Parallel random numbers: as easy as 1, 2, 3', Philox-4x64-10.
 */
const MASK = (1n << 64n) - 1n;
const MULTIPLIERS = [0xd2e7470ee14c6c93n, 0xca5a826395121157n] as const;
const WEYL = [0x9e3779b97f4a7c15n, 0xbb67ae8584caa73bn] as const;
const ROUNDS = 10;

export class Philox {
  private readonly key: readonly [bigint, bigint];
  private counter = 0n;
  private block: bigint[] = [];
  private half: number | undefined;

  /** Both numbers are whole and not negative, up to 2^53. */
  constructor(seed: number, number: number) {
    this.key = [BigInt(seed), BigInt(number)];
  }

  /** A number in [0, 1) with 53 bits: NumPy's `random()`. */
  double(): number {
    return Number(this.next64() >> 11n) / 2 ** 53;
  }

  /** As many numbers in [0, 1) with 24 bits: NumPy's `random(count, float32)`. */
  floats(count: number): Float32Array {
    return Float32Array.from({ length: count }, () => (this.next32() >>> 8) / 2 ** 24);
  }

  private next32(): number {
    if (this.half !== undefined) {
      const half = this.half;
      this.half = undefined;
      return half;
    }
    const both = this.next64();
    this.half = Number(both >> 32n);
    return Number(both & 0xffffffffn);
  }

  private next64(): bigint {
    if (this.block.length === 0) {
      this.counter += 1n;
      this.block = scramble(this.counter, this.key).reverse();
    }
    return this.block.pop() as bigint;
  }
}

function scramble(counter: bigint, key: readonly [bigint, bigint]): bigint[] {
  let [a, b, c, d] = [counter, 0n, 0n, 0n];
  let [left, right] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const [first, second] = [a * MULTIPLIERS[0], c * MULTIPLIERS[1]];
    [a, b, c, d] = [(second >> 64n) ^ b ^ left, second & MASK, (first >> 64n) ^ d ^ right, first & MASK];
    left = (left + WEYL[0]) & MASK;
    right = (right + WEYL[1]) & MASK;
  }
  return [a, b, c, d];
}
