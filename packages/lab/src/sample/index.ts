/** The bundled sample, and the seeded random numbers behind it; loads nothing that measures. */
export { BUNDLED_SAMPLE, generateSample, type SampleOptions } from "./generate.ts";
export { below, createRandom, shuffle, type Random } from "./random.ts";
