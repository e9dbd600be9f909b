export { Keyboard } from './keyboard';
export { quantize, type PlayedNote } from './quantize';
