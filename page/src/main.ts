import './style.css';
import { App } from './app';
import { renderMelody } from './sound';

const app = new App(document.querySelector('#app') as HTMLElement);
Object.assign(window, { melodyRnn: { events: app.events.bind(app), tune: app.tune.bind(app), sound: renderMelody } });
void app.start();
