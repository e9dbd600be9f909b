import './style.css';
import { App } from './app';

const app = new App(document.querySelector('#app') as HTMLElement);
Object.assign(window, { melodyRnn: { events: app.events.bind(app), tune: app.tune.bind(app) } });
void app.start();
