// Continues primers greedily with Magenta.js, on its plain CPU backend.
// Takes {url, steps, primers: [{notes: [[pitch, start, end]], steps}]} as JSON on stdin. Prints for each primer the
// notes that came, the first step's distribution, and each step's likeliest label and its lead over the next one.
const tf = require('@tensorflow/tfjs');
const { MusicRNN } = require('@magenta/music/node/music_rnn');

function toSequence(primer) {
  const notes = primer.notes.map(([pitch, quantizedStartStep, quantizedEndStep]) => ({
    pitch, quantizedStartStep, quantizedEndStep,
  }));
  return { notes, totalQuantizedSteps: primer.steps, quantizationInfo: { stepsPerQuarter: 4 } };
}

function summarise(probabilities) {
  const [first, second] = Array.from(probabilities).sort((a, b) => b - a);
  return { label: probabilities.indexOf(first), margin: first - second };
}

async function main() {
  // The library logs to stdout, which is for the results alone.
  console.log = console.error;
  const { url, steps, primers } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
  await tf.setBackend('cpu');
  const model = new MusicRNN(url);
  await model.initialize();
  const results = [];
  for (const primer of primers) {
    const { sequence, probs } = await model.continueSequenceAndReturnProbabilities(toSequence(primer), steps, 0);
    results.push({
      notes: (await sequence).notes.map((note) => [note.pitch, note.quantizedStartStep, note.quantizedEndStep]),
      probabilities: Array.from(probs[0]),
      steps: probs.map(summarise),
    });
  }
  process.stdout.write(JSON.stringify(results));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
