/**
 * Video sites, by the name a `utm_source` gives them, and by host.
 *
 * Sources: the sites' public hosts; the choice follows GA4's source categories
 * (https://support.google.com/analytics/answer/9756891), which count TikTok as social.
 */
export const VIDEO_NAMES = [
  "bilibili",
  "dailymotion",
  "disneyplus",
  "hulu",
  "iqiyi",
  "netflix",
  "niconico",
  "rumble",
  "twitch",
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
  "crackle.com",
  "dailymotion.com",
  "disneyplus.com",
  "hulu.com",
  "iqiyi.com",
  "kick.com",
  "netflix.com",
  "nicovideo.jp",
  "odysee.com",
  "rumble.com",
  "rutube.ru",
  "ted.com",
  "twitch.tv",
  "v.qq.com",
  "veoh.com",
  "vimeo.com",
  "wistia.com",
  "wistia.net",
  "youku.com",
  "youtu.be",
  "youtube-nocookie.com",
  "youtube.com",
  "com.google.android.youtube",
] as const;
