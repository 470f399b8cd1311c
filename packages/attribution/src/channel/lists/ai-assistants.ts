/**
 * Assistants that answer in words and link to pages, by the name a `utm_source` gives them, and by host. ChatGPT tags its links
 * with `utm_source=chatgpt.com`.
 *
 * Google's own answers in its search results (AI Overviews, AI Mode) are search, as in GA4.
 *
 * Sources: GA4's channel AI Assistant of 13 May 2026 (https://support.google.com/analytics/answer/9164320), whose list of hosts is
 * not published; Google's recommended pattern for a channel of one's own
 * (https://support.google.com/analytics/answer/13051316); Matomo's list
 * (https://github.com/matomo-org/searchengine-and-social-list, AIAssistants.yml); the assistants' public hosts.
 */
export const AI_ASSISTANT_NAMES = [
  "bard",
  "chat-gpt",
  "chatgpt",
  "claude",
  "copilot",
  "deepseek",
  "doubao",
  "gemini",
  "google gemini",
  "grok",
  "kimi",
  "le chat",
  "meta ai",
  "meta_ai",
  "microsoft copilot",
  "mistral",
  "notebooklm",
  "openai",
  "perplexity",
  "phind",
  "poe",
  "qwen",
] as const;

/** With all of their subdomains. */
export const AI_ASSISTANT_HOSTS = [
  "ai.baidu.com",
  "andisearch.com",
  "app.jasper.ai",
  "bard.google.com",
  "chat.deepseek.com",
  "chat.mistral.ai",
  "chat.openai.com",
  "chat.qwen.ai",
  "chat.z.ai",
  "chatglm.cn",
  "chatgpt.com",
  "claude.ai",
  "copilot.cloud.microsoft",
  "copilot.com",
  "copilot.microsoft.com",
  "deepseek.com",
  "doubao.com",
  "duck.ai",
  "edgeservices.bing.com",
  "felo.ai",
  "gemini.google.com",
  "genspark.ai",
  "grok.com",
  "iask.ai",
  "kimi.com",
  "kimi.moonshot.cn",
  "komo.ai",
  "labs.openai.com",
  "m365.cloud.microsoft",
  "manus.im",
  "meta.ai",
  "notebooklm.google.com",
  "perplexity.ai",
  "phind.com",
  "pi.ai",
  "poe.com",
  "qwen.ai",
  "tongyi.aliyun.com",
  "yiyan.baidu.com",
  "you.com",
  // Android apps, as android-app:// referrers name them.
  "ai.perplexity.app.android",
  "ai.x.grok",
  "com.anthropic.claude",
  "com.deepseek.chat",
  "com.google.android.apps.bard",
  "com.microsoft.copilot",
  "com.openai.chatgpt",
] as const;
