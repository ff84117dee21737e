export { nll, type Targets } from './nll.ts';
