export { Player, renderMelody, type PlayOptions } from './player';
