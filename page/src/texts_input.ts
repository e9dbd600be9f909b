/** What the keyboard says. */
export const INPUT_TEXTS = {
  en: {
    'keys.piano': 'Piano keyboard',
    'keys.help': 'Arrow keys move along the piano, Enter or the space bar sounds a key; the letters on the keys play it, too.',
    'keys.lower': 'An octave lower',
    'keys.higher': 'An octave higher',
    'keys.range': 'from {low} to {high}',
    'midi.connect': 'Connect a MIDI keyboard',
    'midi.missing': 'This browser knows no MIDI keyboards: use Chrome, Edge, Opera or Firefox, or play on the keys here.',
    'midi.refused': 'The browser may not use MIDI: allow it in the settings of this page, or play on the keys here.',
    'midi.none': 'No MIDI keyboard is connected: plug one in and it will play at once.',
    'midi.connected': 'Playing from {names}.',
  },
  es: {
    'keys.piano': 'Teclado de piano',
    'keys.help': 'Las flechas recorren el piano; Intro o la barra espaciadora hacen sonar la tecla. También se toca con las letras que llevan las teclas.',
    'keys.lower': 'Una octava más grave',
    'keys.higher': 'Una octava más aguda',
    'keys.range': 'de {low} a {high}',
    'midi.connect': 'Conectar un teclado MIDI',
    'midi.missing': 'Este navegador no admite teclados MIDI: usa Chrome, Edge, Opera o Firefox, o toca en estas teclas.',
    'midi.refused': 'El navegador no permite usar MIDI: autorízalo en los ajustes de esta página o toca en estas teclas.',
    'midi.none': 'No hay ningún teclado MIDI conectado: enchufa uno y sonará al momento.',
    'midi.connected': 'Se toca desde {names}.',
  },
} as const;
