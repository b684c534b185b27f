#include "answer/quote_lexicon.h"

#include <algorithm>
#include <array>
#include <unordered_map>
#include <unordered_set>
#include <utility>

namespace jackdaw::answer {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kFunctionWords =
    "a about above according across additionally after again all also although am an and any are as at auf "
    "be because been before being below between both but by can che citation cite cited con could dans das "
    "dem den der des di did die do document does du during each eg ein eine einen einer either el en es est "
    "et etc finally for from further furthermore für had has have he hence her here him his how however i ie "
    "if il in indeed instead into is ist it its itself just la las le les like ll los many may me meanwhile "
    "might mit more moreover most much must my neither nevertheless nicht no nor not note now oder of off on "
    "one only or other our out over overall page para passage per que re same see she should similarly since "
    "sind so some source specifically such than that the their them then there therefore these they this "
    "those though through thus to too un una und under une until up upon us ve very von was we were what "
    "when where whereas which while who whom whose why will with within without would y yes yet you your";

constexpr std::string_view kDenials =
    "not no never cannot neither nor none nobody without nicht kein keine nie keinen keinem keiner nunca "
    "niemals jamais jamás pas mai";

// Each word is followed by what it means.
constexpr std::string_view kValues =
    "% % percent % \u20ac \u20ac eur \u20ac euro \u20ac $ $ usd $ dollar $ \u00a3 \u00a3 gbp \u00a3 \u00a5 "
    "\u00a5 hundred hundred thousand thousand million million billion billion trillion trillion two 2 three "
    "3 four 4 five 5 six 6 seven 7 eight 8 nine 9 ten 10 eleven 11 twelve 12 dozen 12 thirteen 13 fourteen 14 "
    "fifteen 15 sixteen 16 seventeen 17 eighteen 18 nineteen 19 half half twice twice twenty 20 thirty 30 forty 40 "
    "fifty 50 sixty 60 seventy 70 eighty 80 ninety 90";

constexpr std::string_view kUnits =
    "second minute hour day week weekday month quarter year decade century millimeter millimetre centimeter centimetre "
    "meter metre kilometer kilometre inch inche foot feet yard mile acre hectare gram kilogram pound ounce ton tonne "
    "liter "
    "litre milliliter millilitre gallon volt ampere amp watt kilowatt megawatt gigawatt joule calorie kilocalorie "
    "hertz "
    "kilohertz megahertz gigahertz degree celsius fahrenheit kelvin pascal bar knot byte kilobyte megabyte gigabyte "
    "terabyte bit pixel cent yen franc rupee yuan sekunde minuten stunde tag tage woche monat jahr jahre tagen monaten "
    "jahren wochen stunden";

constexpr std::array kMonths = {"january"sv, "february"sv, "march"sv,     "april"sv,   "may"sv,      "june"sv,
                                "july"sv,    "august"sv,   "september"sv, "october"sv, "november"sv, "december"sv};

// Calls visit() with each word.
template <class Visit>
void for_each_word(std::string_view list, Visit visit) {
  while (!list.empty()) {
    const std::size_t end = std::min(list.find(' '), list.size());
    visit(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

std::unordered_set<std::string_view> set_of(std::string_view list) {
  std::unordered_set<std::string_view> words;
  for_each_word(list, [&](std::string_view word) { words.insert(word); });
  return words;
}

std::unordered_map<std::string_view, std::string_view> map_of(std::string_view list) {
  std::unordered_map<std::string_view, std::string_view> meanings;
  std::string_view before;
  for_each_word(list, [&](std::string_view word) {
    if (before.empty()) {
      before = word;
    } else {
      meanings[std::exchange(before, {})] = word;
    }
  });
  return meanings;
}

}  // namespace

bool is_function_word(std::string_view word) {
  static const auto words = set_of(kFunctionWords);
  return words.contains(word);
}

bool is_denial(std::string_view word) {
  static const auto words = set_of(kDenials);
  return words.contains(word);
}

bool is_unit_word(std::string_view word) {
  static const auto words = set_of(kUnits);
  return words.contains(word);
}

std::string_view value_named(std::string_view word) {
  static const auto meanings = map_of(kValues);
  const auto found = meanings.find(word);
  return found == meanings.end() ? std::string_view() : found->second;
}

std::string_view month_of(int number) {
  return number >= 1 && number <= static_cast<int>(kMonths.size()) ? kMonths[static_cast<std::size_t>(number) - 1]
                                                                   : std::string_view();
}

std::string_view month_named(std::string_view word) {
  for (const auto name : kMonths) {
    const bool is_short = word.size() >= 3 && word.size() <= 4 && name.starts_with(word);
    if (word == name || is_short) return name;
  }
  return {};
}

}  // namespace jackdaw::answer
