#include "answer/follow_up_words.h"

#include <algorithm>
#include <array>
#include <unordered_map>

namespace jackdaw::answer {
namespace {

using enum WordClass;

constexpr std::uint16_t operator|(WordClass a, WordClass b) {
  return static_cast<std::uint16_t>(static_cast<std::uint16_t>(a) | static_cast<std::uint16_t>(b));
}

struct ListedWords {
  std::uint16_t classes;
  std::string_view words;  // separated by one blank
};

constexpr auto kLists = std::to_array<ListedWords>({
    {kPersonal | kFunction,
     "it its itself they them their theirs themselves he him his himself she her hers herself it's it'd it'll they're "
     "they've they'll they'd he's she's he'd she'd"},
    {kDemonstrative | kFunction, "this that these those that's that'd"},
    {kQuestion | kFunction,
     "what which who whom whose when where why how what's who's where's when's how's why's what're whats hows"},
    {kAuxiliary | kFunction,
     "is are am was were be been being do does did done has have had having can could will would shall should may "
     "might must isn't aren't wasn't weren't don't doesn't didn't hasn't haven't hadn't can't cannot couldn't won't "
     "wouldn't shouldn't mustn't dont doesnt cant isnt ain't"},
    {kPreposition | kFunction,
     "of about in on at by for from to with without into onto over under between among against during after before "
     "since until through across toward towards within besides beside than as like per via around near behind above "
     "below beyond upon off out up down versus vs regarding concerning despite along inside outside except compared"},
    {kConjunction | kFunction, "and or but nor so because if when while although though whether unless"},
    {static_cast<std::uint16_t>(kFunction),
     "a an the i you we me us my mine your yours our ours myself yourself ourselves i'm i'd i've i'll you're you've "
     "you'd you'll we're we've let's some any each every all both either neither no not none only just also too very "
     "really even still again ever never now then there there's there're here else rather quite enough much many more "
     "most less least few several such own same one ones once yes ok okay oh please thanks thank well hi hello hey "
     "actually instead already yet always often usually sometimes maybe perhaps anyone anything someone something "
     "everyone everything nobody nothing somebody people's typically generally currently exactly especially however "
     "therefore etc exist exists existed"},
    {static_cast<std::uint16_t>(kVerb),
     "tell told describe explain give gives gave given list name named show shows showed shown discuss compare "
     "compares compared contrast define know knows knew known learn learned think thinks thought mean means meant say "
     "says said ask asked want wants wanted need needs needed like likes liked love help helps helped make makes made "
     "making get gets got getting gotten take takes took taken taking go goes went gone going come comes came coming "
     "become becomes became use uses used using work works worked working happen happens happened happening cause "
     "causes caused causing affect affects affected affecting differ differs differed start starts started starting "
     "begin begins began begun end ends ended stop stops stopped prevent prevents prevented keep keeps kept put puts "
     "find finds found look looks looked see sees saw seen watch buy bought sell sold pay pays paid cost costs call "
     "called win wins won lose lost live lives lived die dies died dying eat eats ate eaten drink drank grow grows "
     "grew "
     "grown kill kills killed spread spreads treat treats treated cure cured include includes included involve "
     "involves "
     "involved contain contains contained provide provides provided require requires required receive received apply "
     "applies applied choose chose chosen decide decided try tries tried trying allow allows allowed let lets create "
     "creates created build builds built write writes wrote written read reads publish published speak spoke talk "
     "talks play plays played run runs ran lead leads led leave left hold held holds bring brings brought turn turns "
     "turned serve serves served visit visited travel change changes changed changing improve improves improved "
     "increase increases decrease reduce reduces reduced influence influences influenced enable enabled develop "
     "develops developed discover discovered invent invented originate originated exist survive survived replace "
     "replaces replaced continue continues continued relate relates related consider considered considers recommend "
     "recommended suggest follow follows followed move moves moved wonder wondering hear heard understand understood "
     "believe feel feels felt seem seems seemed sound sounds set sets add adds added avoid avoids avoided protect "
     "figure figured remember interested curious clarify elaborate mention mentioned mentioning tell compete attract "
     "respond belong belongs deal deals handle solve solved fix fixed stay stays wear wears carry carries teach "
     "happened celebrate celebrated lived located based expect expected"},
    {static_cast<std::uint16_t>(kRelational),
     "type types kind kinds sort sorts form forms variety varieties version versions variant variants example examples "
     "option options choice choices alternative alternatives difference differences similarity similarities advantage "
     "advantages disadvantage disadvantages benefit benefits drawback drawbacks pro pros con cons risk risks danger "
     "dangers problem problems issue issues challenge challenges effect effects side-effects impact impacts role roles "
     "purpose function functions goal goals reason reasons origin origins root roots history creation beginning author "
     "authors founder founders inventor creator owner owners member members leader leaders symptom symptoms sign signs "
     "treatment treatments cure cures diagnosis prevention feature features characteristic characteristics property "
     "properties component components part parts element elements aspect aspects factor factors step steps process "
     "method methods way ways approach approaches technique techniques tool tools use uses application applications "
     "requirement requirements rule rules price prices fee fees cost costs size weight height length age population "
     "location locations capital name names title term meaning definition description detail details information "
     "facts fact evidence result results finding findings outcome outcomes consequence consequences conclusion theme "
     "themes character characters plot story stories ending award awards award-winning success failure controversy "
     "criticism reception popularity importance significance relationship relation connection comparison opinion "
     "average range rate rates level levels number amount percentage limit limits deadline date dates year years time "
     "times duration support winner winners loser losers competitor competitors rival rivals successor predecessor "
     "habitat purposes source sources concern concerns objective objectives aim aims mission missions diet lifespan "
     "behavior adaptation adaptations structure "
     "design style response reaction reactions "
     "argument arguments view views idea ideas tip tips advice strategy strategies"},
    {kPairing | kRelational,
     "role roles impact impacts effect effects influence difference differences similarity similarities relationship "
     "relation connection comparison implication implications"},
    {static_cast<std::uint16_t>(kVague),
     "main major important good better best bad worse worst big bigger biggest large larger largest small smaller "
     "smallest high higher highest low lower lowest long longer longest short shorter new newer newest old older "
     "oldest "
     "other others another different similar common typical usual normal general specific particular certain various "
     "popular famous interesting great possible key first second third last next previous current former latter early "
     "late modern recent long-term short-term easy easier hard harder difficult safe dangerous free expensive cheap "
     "cheaper real true false right wrong able available useful effective successful necessary essential basic "
     "potential thing things stuff lot lots bit people person everyone world place places area areas case cases "
     "question questions answer answers example today day days way works sure overall entire whole total additional "
     "extra further related originally mostly mainly primarily simply recently"},
    {static_cast<std::uint16_t>(kForeign),
     "der das und ist wie sind ein eine einen wird nicht mit von zu auf f\u00FCr den dem kann ich sie wo welche "
     "welcher le la les des est que qui quel quelle une du dans pour avec comment pourquoi quels sont pas il elle el "
     "los las del una por para c\u00F3mo qu\u00E9 cu\u00E1l cu\u00E1ndo d\u00F3nde es con che di sono perch\u00E9 "
     "della "
     "quali quanto come het een wat hoe waarom zijn voor niet van os um uma n\u00E3o em qual s\u00E3o och att det som "
     "hur vad \u00E4r og hva hvad er jak jest czy nie co ve bir ne"},
    {kEnglish | kFunction,
     "the what how are does did of why who where when which can could would should and it its they their this these "
     "those there with about from your you my is do for to tell been have has"},
});

const std::unordered_map<std::string_view, std::uint16_t>& lexicon() {
  static const auto kLexicon = [] {
    std::unordered_map<std::string_view, std::uint16_t> all;
    for (const ListedWords& list : kLists) {
      for (std::string_view rest = list.words; !rest.empty();) {
        const std::size_t blank = std::min(rest.find(' '), rest.size());
        all[rest.substr(0, blank)] |= list.classes;
        rest.remove_prefix(std::min(blank + 1, rest.size()));
      }
    }
    return all;
  }();
  return kLexicon;
}

constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

// "US", "IT" and "WHO" are names.
bool is_acronym(std::string_view word) {
  return word.size() >= 2 && word != "OK" && std::all_of(word.begin(), word.end(), is_upper);
}

// A typewriter's apostrophe for every one that is written.
std::string with_plain_apostrophes(std::string_view word) {
  std::string plain;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word.substr(i).starts_with("\u2019")) {
      plain += '\'';
      i += std::string_view("\u2019").size() - 1;
    } else {
      plain += word[i];
    }
  }
  return plain;
}

// "'s" and the apostrophe behind a plural's s are no part of the noun.
void cut_possessive(WrittenWord& word, std::string_view utf8) {
  for (const std::string_view ending : {"'s", "\u2019s", "'S", "\u2019S"}) {
    const std::string_view written = utf8.substr(word.range.begin, word.range.end - word.range.begin);
    if (!written.ends_with(ending) || written.size() == ending.size()) continue;
    word.range.end -= ending.size();
    word.folded.resize(word.folded.size() - 2);
    word.possessive = true;
    return;
  }
}

constexpr std::size_t kMaxGapBytes = 4;  // within a name: " & ", "\u00AE "

void read_gap(WrittenWord& word, std::string_view gap) {
  word.joined = gap.size() <= kMaxGapBytes;
  for (const std::string_view stop :
       {",", ";", ":", "?", "!", "(", ")", "[", "]", "\"", "\u201C", "\u201D", "\u2014", "\u2013", " - ", "\n", ". "}) {
    if (gap.find(stop) == std::string_view::npos) continue;
    word.joined = false;
    if (stop != "\"" && stop != "\u201C" && stop != "\u201D") word.comma = true;
  }
  const bool ended = gap.find_first_of("?!\n") != std::string_view::npos || gap.find(". ") != std::string_view::npos;
  if (ended) word.first = true;
}

}  // namespace

std::vector<WrittenWord> read_words(std::string_view utf8) {
  std::vector<WrittenWord> words;
  std::size_t end = 0;
  for (const text::Range range : text::words(utf8)) {
    WrittenWord word;
    word.range = range;
    const std::string_view written = utf8.substr(range.begin, range.end - range.begin);
    word.folded = with_plain_apostrophes(text::fold_case(written));
    word.capital = std::any_of(written.begin(), written.end(), is_upper);
    word.digit = std::any_of(written.begin(), written.end(), is_digit);
    read_gap(word, utf8.substr(end, range.begin - end));
    if (words.empty()) word.first = true;
    if (!lexicon().contains(word.folded)) cut_possessive(word, utf8);
    const auto listed = lexicon().find(word.folded);
    if (listed != lexicon().end() && !is_acronym(written)) word.classes = listed->second;
    end = range.end;
    words.push_back(std::move(word));
  }
  return words;
}

bool looks_english(std::string_view utf8, const std::vector<WrittenWord>& words) {
  std::size_t latin = 0, other = 0;
  for (const char c : utf8) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 ? (is_upper(c) || (c >= 'a' && c <= 'z')) : byte == 0xC3) ++latin;
    if (byte >= 0xC6 && byte != 0xE2) ++other;  // the first byte of a letter beyond Latin's, but for typographic signs
  }
  if (other > 0 && other * 2 >= latin) return false;
  std::size_t english = 0, foreign = 0;
  for (const WrittenWord& word : words) {
    if (word.is(WordClass::kEnglish)) ++english;
    if (word.is(WordClass::kForeign) && !word.capital) ++foreign;
  }
  return foreign <= english;
}

std::string noun_key(std::string_view folded) {
  if (folded.size() > 4 && folded.ends_with("ies")) return std::string(folded.substr(0, folded.size() - 3)) + "y";
  for (const std::string_view ending : {"ches", "shes", "sses", "xes"}) {
    if (folded.ends_with(ending)) return std::string(folded.substr(0, folded.size() - 2));
  }
  const bool plural = folded.size() > 3 && folded.ends_with("s") && !folded.ends_with("ss") &&
                      !folded.ends_with("us") && !folded.ends_with("is");
  return std::string(plural ? folded.substr(0, folded.size() - 1) : folded);
}

}  // namespace jackdaw::answer
