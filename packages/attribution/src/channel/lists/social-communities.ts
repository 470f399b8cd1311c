/**
 * Communities, blogs, forums and link shorteners that GA4 counts as social, beside those of social-networks.ts. Words are separated by
 * white space.
 *
 * Source: GA4's list of sources and their categories, which https://support.google.com/analytics/answer/9756891 links to.
 */
export const COMMUNITY_NAMES = words(`
  43things activerain activeworlds addthis alumniclass americantowns anobii answerbag aolanswers askubuntu
  athlinks baby-gaga badoo bebo beforeitsnews bharatstudent blackplanet blogger blogher bloglines blogsome
  blogspot blogster blurtit brightkite brizzly buzzfeed buzznet cafemom camospace care2 catster cellufun
  chicagonow classmates classquest cocolog-nifty cozycot crunchyroll cyworld deviantart dianping digg diigo
  disqus dogster dol2day doostang dopplr douban drugs-forum dzone elftown extole faceparty fanpop fark fc2
  feedspot feministing filmaffinity flipboard folkdirect foodservice fotki fotolog friendfeed fubar gaiaonline
  gamerdna glassboard glassdoor godtube goldstar gooblog goodreads google+ googleplus govloop gowalla habbo
  hatena hi5 hootsuite houzz hoverspot hubculture ibibo imageshack imvu insanejournal instapaper intherooms
  italki jammerdirect kaneva librarything listal listography livedoorblog livejournal meetup mocospace
  mouthshut movabletype mubi myheritage mylife mymodernmet myspace netvibes newsshowcase nexopia niconico
  nightlifelink ning onstartups opendiary photobucket pinboard pingsta plurk posterous qapacity quechup
  ravelry redux renren reunion reverbnation ryze salespider screenrant scribd scvngr secondlife serverfault
  shareit sharethis skype skyrock social socialvibe spoke spruz stackapps stackexchange stackoverflow stickam
  superuser sweeva tagged taggedmail talkbiznow techmeme tencent tinyurl toolbox travellerspoint trombi
  trustpilot tudou tuenti tweetdeck typepad vampirefreaks vampirerave wakoopa wattpad webshots weebly weread
  wordpress xanga yammer zalo zooppa
`);

/** With all of their subdomains. */
export const COMMUNITY_HOSTS = words(`
  43things.com 51.com 5ch.net academia.edu activerain.com activeworlds.com addthis.com airg.ca allnurses.com
  allrecipes.com alumniclass.com ameba.jp americantowns.com ancestry.com anobii.com answerbag.com
  answers.yahoo.com aolanswers.com artstation.com askubuntu.com asmallworld.com athlinks.com awe.sm
  b.hatena.ne.jp baby-gaga.com babyblog.ru badoo.com bebo.com beforeitsnews.com bharatstudent.com biip.no
  biswap.org bit.ly blackcareernetwork.com blackplanet.com blip.fm blog.com blog.feedspot.com blog.goo.ne.jp
  blog.yahoo.co.jp blogg.no bloggang.com blogher.com bloglines.com blogs.com blogsome.com blogster.com
  blurtit.com bookmarks.yahoo.co.jp bookmarks.yahoo.com brightkite.com brizzly.com buzzfeed.com buzznet.com
  cafemom.com camospace.com canalblog.com care.com care2.com caringbridge.org catster.com cbnt.io cellufun.com
  centerblog.net chat.zalo.me chegg.com chicagonow.com chiebukuro.yahoo.co.jp classmates.com classquest.com
  cocolog-nifty.com copainsdavant.linternaute.com couchsurfing.org cozycot.com cross.tv crunchyroll.com
  cyworld.com d.hatena.ne.jp dailystrength.org deluxe.com dianping.com digg.com diigo.com dogster.com
  dol2day.com doostang.com dopplr.com draugiem.lv drugs-forum.com dzone.com edublogs.org elftown.com
  epicurious.com everforo.com exblog.jp extole.com faceparty.com fandom.com fanpop.com fark.com fc2.com
  feministing.com filmaffinity.com flipboard.com folkdirect.com foodservice.com forums.androidcentral.com
  forums.crackberry.com forums.imore.com forums.nexopia.com forums.webosnation.com forums.wpcentral.com
  fotki.com fotolog.com friendfeed.com fruehstueckstreff.org fubar.com gaiaonline.com gamerdna.com gather.com
  geni.com getpocket.com glassboard.com godtube.com goldenline.pl goldstar.com goo.gl googlegroups.com
  govloop.com gowalla.com gree.jp gulli.com gutefrage.net habbo.com hi5.com hootsuite.com houzz.com
  hoverspot.com hr.com hubculture.com hubpages.com hyves.net hyves.nl ibibo.com identi.ca imageshack.com
  imageshack.us imvu.com insanejournal.com instapaper.com internations.org interpals.net intherooms.com
  irc-galleria.net is.gd italki.com jammerdirect.com jappy.com jappy.de kaboodle.com kakaocorp.com kaneva.com
  kin.naver.com last.fm librarything.com lifestream.aol.com listal.com listography.com livedoor.com mbga.jp
  meetin.org meinvz.net meneame.net menuism.com messages.google.com messages.yahoo.co.jp mix.com mocospace.com
  mouthshut.com movabletype.com mubi.com my.opera.com myanimelist.net myheritage.com mylife.com
  mymodernmet.com netvibes.com ngopost.org nicovideo.jp nightlifelink.com ning.com odnoklassniki.ru
  odnoklassniki.ua okwave.jp oneworldgroup.org onstartups.com opendiary.com oshiete.goo.ne.jp over-blog.com
  overblog.com paper.li partyflock.nl photobucket.com pinboard.in pingsta.com pixiv.net playahead.se
  plus.google.com plus.url.google.com pocket.co posterous.com pro.homeadvisor.com pulse.yahoo.com qapacity.com
  quechup.com ravelry.com redux.com renren.com researchgate.net reunion.com reverbnation.com rtl.de ryze.com
  salespider.com scoop.it screenrant.com scribd.com scvngr.com secondlife.com serverfault.com sharethis.com
  shvoong.com sites.google.com skyrock.com slashdot.org slideshare.net smartnews.com sociallife.com.br
  socialvibe.com spaces.live.com spoke.com spruz.com ssense.com stackapps.com stardoll.com stickam.com
  studivz.net suomi24.fi superuser.com sweeva.com tagged.com taggedmail.com talkbiznow.com taringa.net
  techmeme.com tencent.com tinyurl.com toolbox.com travellerspoint.com trombi.com tudou.com tuenti.com
  tweetdeck.com twoo.com typepad.com unblog.fr urbanspoon.com ushareit.com ushi.cn vampirefreaks.com
  vampirerave.com vg.no video.ibm.com wakoopa.com web.skype.com webshots.com weebly.com wer-weiss-was.de
  weread.com wiki.answers.com wikihow.com wikitravel.org woot.com wordpress.com wordpress.org xanga.com
  yahoo-mbga.jp yammer.com yelp.co.uk youroom.in zoo.gr zooppa.com
`);

function words(text: string): readonly string[] {
  return text.trim().split(/\s+/);
}
