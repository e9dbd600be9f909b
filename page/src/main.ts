import './style.css';
import { App } from './app';
import { accompany } from './chords/accompaniment';
import { parseChord } from './chords/symbols';
import { parseProgression } from './chords/progression';
import { toAbc, toMusicXml } from './files';
import { renderMelody } from './sound';

const app = new App(document.querySelector('#app') as HTMLElement);
const chords = (text: string) => [...parseProgression(text).shares()];
// For tests, and whoever is curious.
const own = { events: app.events.bind(app), tune: app.tune.bind(app) };
Object.assign(window, { melodyRnn: { ...own, sound: renderMelody, toAbc, toMusicXml, accompany, parseChord, chords } });
void app.start();
