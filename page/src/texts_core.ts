/** What the page itself says. */
export const CORE_TEXTS = {
  en: {},
  es: {},
} as const;
