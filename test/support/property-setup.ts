/** vitest runs this before each test file. */
import { configureProperties } from "./property-runs.ts";

configureProperties();
