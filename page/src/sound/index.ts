export { Player, type PlayOptions } from './player';
