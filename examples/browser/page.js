// Plays a model that `melody-rnn export --format magentajs` wrote: the folder `model` beside this page, or the one that
// ?model=URL names.
'use strict';

// Notes as [pitch, start, end] in quarter notes, in C major or A minor.
const PRIMERS = {
  'A single C': [[60, 0, 1]],
  'Five notes up': [[60, 0, 1], [62, 1, 2], [64, 2, 3], [65, 3, 4], [67, 4, 6]],
  'Twinkle, twinkle': [[60, 0, 1], [60, 1, 2], [67, 2, 3], [67, 3, 4], [69, 4, 5], [69, 5, 6], [67, 6, 8]],
  'A minor chord': [[69, 0, 1], [72, 1, 2], [76, 2, 3], [72, 3, 4]],
};
const QUARTERS_PER_BAR = 4;
const PIXELS_PER_QUARTER = 36;
const NOTE_HEIGHT = 9;
const MIN_ROWS = 24;
const VELOCITY = 80;

const $ = (id) => document.getElementById(id);
const modelUrl = new URLSearchParams(location.search).get('model') || 'model';

let config;
let model;
let player;
let melody;

function say(text, isError = false) {
  $('status').textContent = text;
  $('status').classList.toggle('error', isError);
}

async function readConfig(url) {
  const response = await fetch(`${url}/config.json`).catch(() => null);
  if (!response || !response.ok) {
    throw new Error(`There is no model at ${url}/: write one with melody-rnn export, and open this page from a web server.`);
  }
  return response.json();
}

async function load() {
  if (!window.mm) {
    throw new Error('Magenta.js did not load: it comes from a CDN, so the page needs the internet or a copy of it.');
  }
  config = { stepsPerQuarter: 4, transposeToKey: 0, ...(await readConfig(modelUrl)) };
  // A step of a network this small takes a GPU longer to start than a CPU to finish; phones' GPUs also round to 16 bits.
  await mm.tf.setBackend('cpu');
  model = new mm.MusicRNN(modelUrl, config);
  await model.initialize();
  player = new mm.Player(false, { run: (note) => highlight(note.quantizedStartStep), stop: showStopped });
  $('name').textContent = config.name || 'A melody model';
  $('description').textContent = config.description || 'A melody_rnn model, run by Magenta.js in this page.';
  $('generate').disabled = false;
  say('Ready.');
}

// The primer in steps, in the model's own key and range.
function makePrimer(notes) {
  const { minPitch, maxPitch } = config.dataConverter.args;
  const fold = (pitch) => {
    while (pitch < minPitch) pitch += 12;
    while (pitch > maxPitch) pitch -= 12;
    return pitch;
  };
  return {
    notes: notes.map(([pitch, start, end]) => ({
      pitch: fold(pitch + (config.transposeToKey || 0)),
      quantizedStartStep: start * config.stepsPerQuarter,
      quantizedEndStep: end * config.stepsPerQuarter,
    })),
    totalQuantizedSteps: Math.max(...notes.map((note) => note[2])) * config.stepsPerQuarter,
    quantizationInfo: { stepsPerQuarter: config.stepsPerQuarter },
  };
}

async function generate() {
  stop();
  $('generate').disabled = true;
  say('Writing …');
  try {
    // Sampling holds the page up; let it say so first.
    await new Promise((resolve) => setTimeout(resolve, 30));
    const primer = makePrimer(PRIMERS[$('primer').value]);
    const steps = Number($('bars').value) * QUARTERS_PER_BAR * config.stepsPerQuarter;
    const continuation = await model.continueSequence(primer, steps, Number($('temperature').value));
    melody = mm.sequences.concatenate([primer, continuation]);
    melody.notes.forEach((note) => { note.velocity = VELOCITY; });
    draw(primer.notes.length);
    $('play').disabled = $('save').disabled = false;
    say(`${continuation.notes.length} new notes after ${primer.notes.length} of the beginning.`);
  } catch (error) {
    say(error.message, true);
  } finally {
    $('generate').disabled = false;
  }
}

function draw(numPrimerNotes) {
  const pixelsPerStep = PIXELS_PER_QUARTER / config.stepsPerQuarter;
  const pitches = melody.notes.map((note) => note.pitch);
  const span = Math.max(...pitches) - Math.min(...pitches) + 1;
  const numRows = Math.max(span + 2, MIN_ROWS);
  const highest = Math.max(...pitches) + Math.floor((numRows - span) / 2);
  const width = melody.totalQuantizedSteps * pixelsPerStep;
  const height = numRows * NOTE_HEIGHT;
  const svg = $('notes');
  svg.replaceChildren();
  svg.setAttribute('width', width);
  svg.setAttribute('height', height);
  for (let x = 0; x <= width; x += QUARTERS_PER_BAR * PIXELS_PER_QUARTER) {
    addShape('line', { class: 'bar', x1: x, x2: x, y1: 0, y2: height });
  }
  melody.notes.forEach((note, i) => addShape('rect', {
    class: i < numPrimerNotes ? 'note primer' : 'note',
    x: note.quantizedStartStep * pixelsPerStep,
    y: (highest - note.pitch) * NOTE_HEIGHT,
    width: (note.quantizedEndStep - note.quantizedStartStep) * pixelsPerStep - 1,
    height: NOTE_HEIGHT,
    'data-start': note.quantizedStartStep,
    'data-pitch': note.pitch,
  }));
  $('roll').scrollLeft = 0;
}

function addShape(kind, attributes) {
  const shape = document.createElementNS('http://www.w3.org/2000/svg', kind);
  Object.entries(attributes).forEach(([name, value]) => shape.setAttribute(name, value));
  $('notes').append(shape);
}

// Marks the note that starts at a step; none if there is no such note.
function highlight(step) {
  $('notes').querySelectorAll('.active').forEach((rect) => rect.classList.remove('active'));
  const rect = $('notes').querySelector(`[data-start="${step}"]`);
  if (rect) {
    rect.classList.add('active');
    rect.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }
}

function play() {
  if (player.isPlaying()) {
    stop();
    return;
  }
  $('play').textContent = 'Stop';
  player.start(melody, Number($('qpm').value)).catch((error) => say(error.message, true));
}

function stop() {
  if (player.isPlaying()) {
    player.stop();
  }
  showStopped();
}

function showStopped() {
  $('play').textContent = 'Play';
  highlight(null);
}

function save() {
  const midi = mm.sequenceProtoToMidi(mm.sequences.unquantizeSequence(melody, Number($('qpm').value)));
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([midi], { type: 'audio/midi' }));
  link.download = `${config.name || 'melody'}.mid`;
  link.click();
  URL.revokeObjectURL(link.href);
}

function showNumbers() {
  $('temperature-value').textContent = Number($('temperature').value).toFixed(1);
  $('qpm-value').textContent = `${$('qpm').value} qpm`;
}

Object.keys(PRIMERS).forEach((name) => $('primer').append(new Option(name)));
$('controls').addEventListener('input', showNumbers);
$('controls').addEventListener('submit', (event) => {
  event.preventDefault();
  generate();
});
$('qpm').addEventListener('input', () => {
  if (player && player.isPlaying()) {
    player.setTempo(Number($('qpm').value));
  }
});
$('play').addEventListener('click', play);
$('save').addEventListener('click', save);
showNumbers();
load().catch((error) => say(error.message, true));
