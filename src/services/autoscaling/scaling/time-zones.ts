// Time zones of scheduled actions: offsets from UTC and daylight saving time as they are in force since 2026. Zones whose rules
// are others than the five below, such as Cairo's or Jerusalem's, are not known. Pure.
// https://www.iana.org/time-zones

import { nextOccurrence } from './cron.ts';
import type { Cron } from './cron.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** A Sunday: the nth of a month, or -1 for the last. */
interface Sunday {
  /** 1 is January. */
  readonly month: number;
  readonly nth: number;
  /** Hour of standard time, or of UTC where the rule says so. */
  readonly hour: number;
}

/** When daylight saving time, an hour ahead, begins and ends. */
interface Rule {
  readonly begins: Sunday;
  readonly ends: Sunday;
  readonly inUtc: boolean;
}

const EU: Rule = {
  begins: { month: 3, nth: -1, hour: 1 },
  ends: { month: 10, nth: -1, hour: 1 },
  inUtc: true,
};
const US: Rule = {
  begins: { month: 3, nth: 2, hour: 2 },
  ends: { month: 11, nth: 1, hour: 1 },
  inUtc: false,
};
const AU: Rule = {
  begins: { month: 10, nth: 1, hour: 2 },
  ends: { month: 4, nth: 1, hour: 2 },
  inUtc: false,
};
const NZ: Rule = {
  begins: { month: 9, nth: -1, hour: 2 },
  ends: { month: 4, nth: 1, hour: 2 },
  inUtc: false,
};

export interface TimeZone {
  /** Minutes ahead of UTC in standard time. */
  readonly offset: number;
  readonly rule: Rule | undefined;
}

/** Minutes ahead of UTC, rule, names. */
const ZONES: readonly (readonly [number, Rule | undefined, string])[] = [
  [-660, undefined, 'Pacific/Midway Pacific/Niue Pacific/Pago_Pago'],
  [-600, undefined, 'Pacific/Honolulu Pacific/Rarotonga Pacific/Tahiti US/Hawaii'],
  [-570, undefined, 'Pacific/Marquesas'],
  [-540, undefined, 'Pacific/Gambier'],
  [-480, undefined, 'Pacific/Pitcairn'],
  [
    -420,
    undefined,
    `America/Creston America/Dawson America/Dawson_Creek America/Fort_Nelson America/Hermosillo
    America/Mazatlan America/Phoenix America/Whitehorse US/Arizona`,
  ],
  [
    -360,
    undefined,
    `America/Bahia_Banderas America/Belize America/Chihuahua America/Costa_Rica America/El_Salvador
    America/Guatemala America/Managua America/Merida America/Mexico_City America/Monterrey
    America/Regina America/Swift_Current America/Tegucigalpa Pacific/Galapagos`,
  ],
  [
    -300,
    undefined,
    `America/Atikokan America/Bogota America/Cancun America/Cayman America/Coral_Harbour America/Eirunepe
    America/Guayaquil America/Jamaica America/Lima America/Panama America/Rio_Branco`,
  ],
  [
    -240,
    undefined,
    `America/Anguilla America/Antigua America/Aruba America/Barbados America/Blanc-Sablon
    America/Boa_Vista America/Campo_Grande America/Caracas America/Cuiaba America/Curacao
    America/Dominica America/Grenada America/Guadeloupe America/Guyana America/Kralendijk America/La_Paz
    America/Lower_Princes America/Manaus America/Marigot America/Martinique America/Montserrat
    America/Port_of_Spain America/Porto_Velho America/Puerto_Rico America/Santo_Domingo
    America/St_Barthelemy America/St_Kitts America/St_Lucia America/St_Thomas America/St_Vincent
    America/Tortola`,
  ],
  [
    -180,
    undefined,
    `America/Araguaina America/Argentina/Buenos_Aires America/Argentina/Catamarca
    America/Argentina/Cordoba America/Argentina/Jujuy America/Argentina/La_Rioja
    America/Argentina/Mendoza America/Argentina/Rio_Gallegos America/Argentina/Salta
    America/Argentina/San_Juan America/Argentina/San_Luis America/Argentina/Tucuman
    America/Argentina/Ushuaia America/Asuncion America/Bahia America/Belem America/Buenos_Aires
    America/Catamarca America/Cayenne America/Cordoba America/Coyhaique America/Fortaleza America/Jujuy
    America/Maceio America/Mendoza America/Montevideo America/Paramaribo America/Punta_Arenas
    America/Recife America/Santarem America/Sao_Paulo Antarctica/Palmer Antarctica/Rothera
    Atlantic/Stanley`,
  ],
  [-120, undefined, 'America/Noronha Atlantic/South_Georgia'],
  [-60, undefined, 'Atlantic/Cape_Verde'],
  [
    0,
    undefined,
    `Africa/Abidjan Africa/Accra Africa/Bamako Africa/Banjul Africa/Bissau Africa/Conakry Africa/Dakar
    Africa/Freetown Africa/Lome Africa/Monrovia Africa/Nouakchott Africa/Ouagadougou Africa/Sao_Tome
    America/Danmarkshavn Atlantic/Reykjavik Atlantic/St_Helena Etc/GMT Etc/UTC GMT UTC`,
  ],
  [
    60,
    undefined,
    `Africa/Algiers Africa/Bangui Africa/Brazzaville Africa/Douala Africa/Kinshasa Africa/Lagos
    Africa/Libreville Africa/Luanda Africa/Malabo Africa/Ndjamena Africa/Niamey Africa/Porto-Novo
    Africa/Tunis`,
  ],
  [
    120,
    undefined,
    `Africa/Blantyre Africa/Bujumbura Africa/Gaborone Africa/Harare Africa/Johannesburg Africa/Juba
    Africa/Khartoum Africa/Kigali Africa/Lubumbashi Africa/Lusaka Africa/Maputo Africa/Maseru
    Africa/Mbabane Africa/Tripoli Africa/Windhoek Europe/Kaliningrad`,
  ],
  [
    180,
    undefined,
    `Africa/Addis_Ababa Africa/Asmara Africa/Asmera Africa/Dar_es_Salaam Africa/Djibouti Africa/Kampala
    Africa/Mogadishu Africa/Nairobi Antarctica/Syowa Asia/Aden Asia/Amman Asia/Baghdad Asia/Bahrain
    Asia/Damascus Asia/Kuwait Asia/Qatar Asia/Riyadh Europe/Istanbul Europe/Kirov Europe/Minsk
    Europe/Moscow Europe/Simferopol Europe/Volgograd Indian/Antananarivo Indian/Comoro Indian/Mayotte`,
  ],
  [210, undefined, 'Asia/Tehran'],
  [
    240,
    undefined,
    `Asia/Baku Asia/Dubai Asia/Muscat Asia/Tbilisi Asia/Yerevan Europe/Astrakhan Europe/Samara
    Europe/Saratov Europe/Ulyanovsk Indian/Mahe Indian/Mauritius Indian/Reunion`,
  ],
  [270, undefined, 'Asia/Kabul'],
  [
    300,
    undefined,
    `Antarctica/Mawson Antarctica/Vostok Asia/Almaty Asia/Aqtau Asia/Aqtobe Asia/Ashgabat Asia/Atyrau
    Asia/Dushanbe Asia/Karachi Asia/Oral Asia/Qostanay Asia/Qyzylorda Asia/Samarkand Asia/Tashkent
    Asia/Yekaterinburg Indian/Kerguelen Indian/Maldives`,
  ],
  [330, undefined, 'Asia/Calcutta Asia/Colombo Asia/Kolkata'],
  [345, undefined, 'Asia/Kathmandu Asia/Katmandu'],
  [360, undefined, 'Asia/Bishkek Asia/Dhaka Asia/Omsk Asia/Thimphu Asia/Urumqi Indian/Chagos'],
  [390, undefined, 'Asia/Rangoon Asia/Yangon Indian/Cocos'],
  [
    420,
    undefined,
    `Antarctica/Davis Asia/Bangkok Asia/Barnaul Asia/Ho_Chi_Minh Asia/Hovd Asia/Jakarta Asia/Krasnoyarsk
    Asia/Novokuznetsk Asia/Novosibirsk Asia/Phnom_Penh Asia/Pontianak Asia/Saigon Asia/Tomsk
    Asia/Vientiane Indian/Christmas`,
  ],
  [
    480,
    undefined,
    `Antarctica/Casey Asia/Brunei Asia/Hong_Kong Asia/Irkutsk Asia/Kuala_Lumpur Asia/Kuching Asia/Macau
    Asia/Makassar Asia/Manila Asia/Shanghai Asia/Singapore Asia/Taipei Asia/Ulaanbaatar Australia/Perth`,
  ],
  [525, undefined, 'Australia/Eucla'],
  [
    540,
    undefined,
    `Asia/Chita Asia/Dili Asia/Jayapura Asia/Khandyga Asia/Pyongyang Asia/Seoul Asia/Tokyo Asia/Yakutsk
    Pacific/Palau`,
  ],
  [570, undefined, 'Australia/Darwin'],
  [
    600,
    undefined,
    `Antarctica/DumontDUrville Asia/Ust-Nera Asia/Vladivostok Australia/Brisbane Australia/Lindeman
    Pacific/Chuuk Pacific/Guam Pacific/Port_Moresby Pacific/Saipan Pacific/Truk`,
  ],
  [
    660,
    undefined,
    `Asia/Magadan Asia/Sakhalin Asia/Srednekolymsk Pacific/Bougainville Pacific/Efate Pacific/Guadalcanal
    Pacific/Kosrae Pacific/Noumea Pacific/Pohnpei Pacific/Ponape`,
  ],
  [
    720,
    undefined,
    `Asia/Anadyr Asia/Kamchatka Pacific/Fiji Pacific/Funafuti Pacific/Kwajalein Pacific/Majuro
    Pacific/Nauru Pacific/Tarawa Pacific/Wake Pacific/Wallis`,
  ],
  [780, undefined, 'Pacific/Apia Pacific/Enderbury Pacific/Fakaofo Pacific/Kanton Pacific/Tongatapu'],
  [840, undefined, 'Pacific/Kiritimati'],
  [-120, EU, 'America/Godthab America/Nuuk America/Scoresbysund'],
  [-60, EU, 'Atlantic/Azores'],
  [
    0,
    EU,
    `Atlantic/Canary Atlantic/Faeroe Atlantic/Faroe Atlantic/Madeira Europe/Dublin Europe/Guernsey
    Europe/Isle_of_Man Europe/Jersey Europe/Lisbon Europe/London`,
  ],
  [
    60,
    EU,
    `Africa/Ceuta Arctic/Longyearbyen Europe/Amsterdam Europe/Andorra Europe/Belgrade Europe/Berlin
    Europe/Bratislava Europe/Brussels Europe/Budapest Europe/Busingen Europe/Copenhagen Europe/Gibraltar
    Europe/Ljubljana Europe/Luxembourg Europe/Madrid Europe/Malta Europe/Monaco Europe/Oslo Europe/Paris
    Europe/Podgorica Europe/Prague Europe/Rome Europe/San_Marino Europe/Sarajevo Europe/Skopje
    Europe/Stockholm Europe/Tirane Europe/Vaduz Europe/Vatican Europe/Vienna Europe/Warsaw Europe/Zagreb
    Europe/Zurich`,
  ],
  [
    120,
    EU,
    `Asia/Famagusta Asia/Nicosia Europe/Athens Europe/Bucharest Europe/Chisinau Europe/Helsinki
    Europe/Kiev Europe/Kyiv Europe/Mariehamn Europe/Riga Europe/Sofia Europe/Tallinn Europe/Vilnius`,
  ],
  [-600, US, 'America/Adak'],
  [
    -540,
    US,
    `America/Anchorage America/Juneau America/Metlakatla America/Nome America/Sitka America/Yakutat
    US/Alaska`,
  ],
  [-480, US, 'America/Los_Angeles America/Tijuana US/Pacific'],
  [
    -420,
    US,
    'America/Boise America/Cambridge_Bay America/Ciudad_Juarez America/Denver America/Inuvik US/Mountain',
  ],
  [
    -360,
    US,
    `America/Chicago America/Indiana/Knox America/Indiana/Tell_City America/Matamoros America/Menominee
    America/North_Dakota/Beulah America/North_Dakota/Center America/North_Dakota/New_Salem
    America/Ojinaga America/Rankin_Inlet America/Resolute America/Winnipeg US/Central`,
  ],
  [
    -300,
    US,
    `America/Detroit America/Grand_Turk America/Indiana/Indianapolis America/Indiana/Marengo
    America/Indiana/Petersburg America/Indiana/Vevay America/Indiana/Vincennes America/Indiana/Winamac
    America/Indianapolis America/Iqaluit America/Kentucky/Louisville America/Kentucky/Monticello
    America/Louisville America/Nassau America/New_York America/Port-au-Prince America/Toronto US/Eastern`,
  ],
  [
    -240,
    US,
    'America/Glace_Bay America/Goose_Bay America/Halifax America/Moncton America/Thule Atlantic/Bermuda',
  ],
  [-210, US, 'America/St_Johns'],
  [-180, US, 'America/Miquelon'],
  [570, AU, 'Australia/Adelaide Australia/Broken_Hill'],
  [600, AU, 'Antarctica/Macquarie Australia/Hobart Australia/Melbourne Australia/Sydney'],
  [660, AU, 'Pacific/Norfolk'],
  [720, NZ, 'Antarctica/McMurdo Pacific/Auckland'],
];

const BY_NAME: ReadonlyMap<string, TimeZone> = new Map(
  ZONES.flatMap(([offset, rule, names]) =>
    names.split(/\s+/).map((name) => [name, { offset, rule }] as const),
  ),
);

export function timeZone(name: string): TimeZone | undefined {
  return BY_NAME.get(name);
}

/** Midnight (UTC) of the first day of a month, from the days since 1 March of the year 0. */
function firstOf(year: number, month: number): number {
  const [y, m] = month > 2 ? [year, month - 3] : [year - 1, month + 9];
  const days = 365 * y + Math.floor(y / 4) - Math.floor(y / 100) + Math.floor(y / 400);
  return (days + Math.floor((153 * m + 2) / 5) - 719_468) * DAY_MS;
}

/** 0 is Sunday; 1 January 1970 was a Thursday. */
function weekday(midnight: number): number {
  return (((midnight / DAY_MS + 4) % 7) + 7) % 7;
}

function midnightOf({ month, nth }: Sunday, year: number): number {
  const first = firstOf(year, month);
  if (nth > 0) return first + (((7 - weekday(first)) % 7) + 7 * (nth - 1)) * DAY_MS;
  const last = firstOf(month === 12 ? year + 1 : year, (month % 12) + 1) - DAY_MS;
  return last - weekday(last) * DAY_MS;
}

/** Milliseconds by which a zone is ahead of UTC at an instant. */
function offsetAt({ offset, rule }: TimeZone, at: number): number {
  const standard = offset * MINUTE_MS;
  if (!rule) return standard;
  // The middle of the year in question is less than a day off: all changes are months from New Year.
  const year = Math.floor(at / (365.2425 * DAY_MS)) + 1970;
  const instant = (sunday: Sunday): number =>
    midnightOf(sunday, year) + sunday.hour * HOUR_MS - (rule.inUtc ? 0 : standard);
  const [begins, ends] = [instant(rule.begins), instant(rule.ends)];
  const daylight = begins < ends ? at >= begins && at < ends : at >= begins || at < ends;
  return standard + (daylight ? HOUR_MS : 0);
}

/**
 * The first instant (epoch ms) at or after `from` that a recurrence falls on in a zone. A time that the clocks skip comes an
 * hour later; one that they repeat comes once.
 */
export function nextInZone(cron: Cron, from: number, zone: TimeZone): number | undefined {
  let local = from + offsetAt(zone, from);
  // Local time goes back by an hour once a year: an hour of candidates at most lies behind.
  for (let candidate = 0; candidate <= 60; candidate += 1) {
    const at = nextOccurrence(cron, local);
    if (at === undefined) return undefined;
    const daylight = at - zone.offset * MINUTE_MS - HOUR_MS;
    const instant = at - offsetAt(zone, daylight) === daylight ? daylight : at - zone.offset * MINUTE_MS;
    if (instant >= from) return instant;
    local = at + MINUTE_MS;
  }
  return undefined;
}
