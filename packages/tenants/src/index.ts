export { channelSettingsOf, utmReadingOf } from "./channel-settings.ts";
export { canonicalTimeZone } from "./time-zone.ts";
export { readTenants } from "./read-tenants.ts";
export {
  EVERYBODY,
  type PostbackTemplate,
  type SegmentSettings,
  tenantsSchema,
  type Tenants,
  type TenantSettings,
} from "./schema.ts";
