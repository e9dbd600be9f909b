/** What chords say. */
export const CHORD_TEXTS = {
  en: {
    chords: 'Chords',
    'chords.help': 'By bars, repeated to fill the tune: | G | C G | D7 | G |. Empty for none.',
    'chords.weighed': '{name} does not hear chords: its notes are led to them.',
    'chords.heard': '{name} hears the chords.',
    'chords.play': 'Play the chords',
    'chords.unknown':
      'Bar {bar}: “{symbol}” is no chord that is known. Write a root and a kind, such as G, Am7, F#m7b5, Bb/D, or N.C. for none. Kinds: m, dim, aug, 5, sus2, sus4, 6, m6, 7, maj7, m7, m7b5, dim7, 9, 11, 13, add9, b5, #9, /bass.',
    'chords.none': 'There is no chord in it; write | G | C G | D7 | G |.',
    'chords.empty': 'Bar {bar} of the chords is empty; write % for the bar before once more, or N.C. for no chord.',
    'chords.noBefore': 'The first bar repeats the bar before (%), and there is none; write its chord.',
    'chords.noPart': 'The chords before “{label}:” belong to no part; write its letter before them, as in A: | G |.',
    'chords.partTwice': 'Part {label} stands there twice; write its chords once.',
    'chords.tooLong': 'The chords are too long; at most {most} characters are read.',
    'chords.tooMany': 'There are too many chords; at most {most} bars are read.',
    'chords.room': 'Bar {bar} of the chords has {count} chords or dots, more than {meter} has room for; write fewer.',
    'chords.uneven': 'These chords do not fill the parts of the tune evenly: write 2, 4, 8 or 16 bars, or choose another length.',
  },
  es: {
    chords: 'Acordes',
    'chords.help': 'Por compases, se repiten hasta llenar la melodía: | G | C G | D7 | G |, o en sílabas: | sol | do sol | re7 | sol |. Vacío, sin acordes.',
    'chords.weighed': '{name} no oye los acordes: sus notas se guían hacia ellos.',
    'chords.heard': '{name} oye los acordes.',
    'chords.play': 'Tocar los acordes',
    'chords.unknown':
      'Compás {bar}: «{symbol}» no es ningún acorde conocido. Escribe una fundamental y una clase, como G, Am7, F#m7b5, Bb/D, o N.C. para ninguno. Clases: m, dim, aug, 5, sus2, sus4, 6, m6, 7, maj7, m7, m7b5, dim7, 9, 11, 13, add9, b5, #9, /bajo.',
    'chords.none': 'No hay ningún acorde; escribe | G | C G | D7 | G |.',
    'chords.empty': 'El compás {bar} de los acordes está vacío; escribe % para repetir el anterior, o N.C. para ningún acorde.',
    'chords.noBefore': 'El primer compás repite el anterior (%), y no lo hay; escribe su acorde.',
    'chords.noPart': 'Los acordes antes de «{label}:» no son de ninguna parte; escribe su letra delante, como en A: | G |.',
    'chords.partTwice': 'La parte {label} aparece dos veces; escribe sus acordes una sola vez.',
    'chords.tooLong': 'Los acordes son demasiado largos; se leen {most} caracteres como mucho.',
    'chords.tooMany': 'Hay demasiados acordes; se leen {most} compases como mucho.',
    'chords.room': 'El compás {bar} de los acordes tiene {count} acordes o puntos, más de los que caben en {meter}; escribe menos.',
    'chords.uneven': 'Estos acordes no llenan por igual las partes de la melodía: escribe 2, 4, 8 o 16 compases, o elige otra duración.',
  },
} as const;
