/** Shell lines for a newcomer: they send an event and show its attribution. */

/**
 * Shell lines that work as they are: a click and the conversion it leads to, then its answer.
 * The times come from the clock and the IDs from its nanoseconds, so the lines can be run again and again.
 */
export function firstSteps(address: {
  readonly gatewayUrl: string;
  readonly reportsUrl: string;
}): string {
  const { gatewayUrl, reportsUrl } = address;
  return `Send events of your own, a click and the order that it leads to (paste as it is):

  N=$(date +%s%N); T=$(date +%s)000
  curl -sS ${gatewayUrl}/v1/events -H 'Content-Type: application/json' -d '{"events":[
    {"id":"click-'$N'","type":"click","time":'$T',"userId":"user-'$N'",
     "source":"google","medium":"cpc","campaign":"my-first"},
    {"id":"order-'$N'","type":"conversion","time":'$T',"userId":"user-'$N'",
     "orderId":"'$N'","value":"49.90","currency":"EUR"}]}'

and see their attribution:

  curl -sS ${reportsUrl}/v1/conversions/$N
  curl -sS '${reportsUrl}/v1/reports/attribution?model=linear&by=campaign'`;
}
