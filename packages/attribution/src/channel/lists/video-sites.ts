/**
 * Video sites, by the name a `utm_source` gives them, and by host.
 *
 * Sources: the sites' public hosts; GA4's list of sources and their categories, which
 * https://support.google.com/analytics/answer/9756891 links to. It counts TikTok and Niconico as social.
 */
export const VIDEO_NAMES = [
  "bilibili",
  "crackle",
  "curiositystream",
  "dailymotion",
  "disneyplus",
  "hulu",
  "iqiyi",
  "netflix",
  "rumble",
  "ted",
  "twitch",
  "utreon",
  "veoh",
  "vimeo",
  "wistia",
  "youku",
  "youtube",
  "yt",
] as const;

/** With all of their subdomains. */
export const VIDEO_HOSTS = [
  "b23.tv",
  "bilibili.com",
  "bitchute.com",
  "com.google.android.youtube",
  "crackle.com",
  "curiositystream.com",
  "d.tube",
  "dailymotion.com",
  "disneyplus.com",
  "hulu.com",
  "iq.com",
  "iqiyi.com",
  "justin.tv",
  "kick.com",
  "netflix.com",
  "odysee.com",
  "rumble.com",
  "rutube.ru",
  "ted.com",
  "twitch.tv",
  "utreon.com",
  "v.qq.com",
  "veoh.com",
  "viadeo.journaldunet.com",
  "vimeo.com",
  "wistia.com",
  "wistia.net",
  "youku.com",
  "youtu.be",
  "youtube-nocookie.com",
  "youtube.com",
] as const;
