/** The database that holds every table of ours. */
export const DATABASE = "tributary";
