// ISO 8601 durations, as policies of templates give them: `PT1H30M`.

const PARTS = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$/;

/** Milliseconds; nothing sensible for what is no duration is 0. */
export function durationMs(text: string): number {
  const [, days = '0', hours = '0', minutes = '0', seconds = '0'] = PARTS.exec(text) ?? [];
  return ((Number(days) * 24 + Number(hours)) * 3600 + Number(minutes) * 60 + Number(seconds)) * 1000;
}
