import './style.css';
import { App } from './app';
import { toAbc, toMusicXml } from './files';
import { renderMelody } from './sound';

const app = new App(document.querySelector('#app') as HTMLElement);
// For tests, and whoever is curious.
Object.assign(window, { melodyRnn: { events: app.events.bind(app), tune: app.tune.bind(app), sound: renderMelody, toAbc, toMusicXml } });
void app.start();
