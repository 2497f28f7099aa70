// Limits on how long sessions last, in seconds.

const HOUR = 3600;

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export const DEFAULT_ROLE_SESSION: number = HOUR;
/** A role that assumes a role: role chaining. */
export const LONGEST_CHAINED_SESSION: number = HOUR;

/** https://docs.aws.amazon.com/STS/latest/APIReference/API_GetSessionToken.html */
export const DEFAULT_USER_SESSION: number = 12 * HOUR;
/** Longer ones are cut to this for the root user. */
export const LONGEST_ROOT_SESSION: number = HOUR;
