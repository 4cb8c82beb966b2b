#include "log/text/month_names.h"

#include <algorithm>
#include <string>
#include <vector>

namespace postmortem {
namespace {

// January to December as strftime's %b writes them, which is what loggers and dmesg -T use: one language a
// line, in lower case and without a full stop at the end. From glibc's locales.
constexpr std::string_view languages[] = {
    // English
    "jan feb mar apr may jun jul aug sep oct nov dec",
    // German
    "jan feb mär apr mai jun jul aug sep okt nov dez",
    // French
    "janv févr mars avril mai juin juil août sept oct nov déc",
    // Spanish
    "ene feb mar abr may jun jul ago sep oct nov dic",
    // Italian
    "gen feb mar apr mag giu lug ago set ott nov dic",
    // Portuguese
    "jan fev mar abr mai jun jul ago set out nov dez",
    // Dutch
    "jan feb mrt apr mei jun jul aug sep okt nov dec",
    // Swedish
    "jan feb mar apr maj jun jul aug sep okt nov dec",
    // Norwegian
    "jan feb mars april mai juni juli aug sep okt nov des",
    // Danish
    "jan feb mar apr maj jun jul aug sep okt nov dec",
    // Finnish
    "tammi helmi maalis huhti touko kesä heinä elo syys loka marras joulu",
    // Polish
    "sty lut mar kwi maj cze lip sie wrz paź lis gru",
    // Czech
    "led úno bře dub kvě čen čec srp zář říj lis pro",
    // Slovak
    "jan feb mar apr máj jún júl aug sep okt nov dec",
    // Hungarian
    "jan febr márc ápr máj jún júl aug szept okt nov dec",
    // Romanian
    "ian feb mar apr mai iun iul aug sep oct nov dec",
    // Russian
    "янв фев мар апр мая июн июл авг сен окт ноя дек",
    // Ukrainian
    "січ лют бер кві тра чер лип сер вер жов лис гру",
    // Belarusian
    "сту лют сак кра мая чэр ліп жні вер кас ліс сне",
    // Bulgarian
    "яну фев мар апр май юни юли авг сеп окт ное дек",
    // Serbian
    "јан феб мар апр мај јун јул авг сеп окт нов дец",
    // Croatian
    "sij velj ožu tra svi lip srp kol ruj lis stu pro",
    // Slovenian
    "jan feb mar apr maj jun jul avg sep okt nov dec",
    // Macedonian
    "јан фев мар апр мај јун јул авг сеп окт ное дек",
    // Greek
    "Ιαν Φεβ Μαρ Απρ Μαΐ Ιουν Ιουλ Αυγ Σεπ Οκτ Νοε Δεκ",
    // Turkish
    "oca Şub mar nis may haz tem ağu eyl eki kas ara",
    // Lithuanian
    "saus vas kov bal geg birž liep rugp rugs spal lapkr gruod",
    // Latvian
    "jan feb mar apr mai jūn jūl aug sep okt nov dec",
    // Estonian
    "jaan veebr märts apr mai juuni juuli aug sept okt nov dets",
    // Catalan
    "gen febr març abr maig juny jul ag set oct nov des",
    // Basque
    "urt ots mar api mai eka uzt abu ira urr aza abe",
    // Galician
    "xan feb mar abr mai xuñ xul ago set out nov dec",
    // Irish
    "ean feabh márta aib beal meith iúil lún mfómh dfómh samh noll",
    // Welsh
    "ion chw maw ebr mai meh gor aws med hyd tach rha",
    // Icelandic
    "jan feb mar apr maí jún júl ágú sep okt nóv des",
    // Albanian
    "jan shk mar pri maj qer kor gsh sht tet nën dhj",
    // Indonesian
    "jan feb mar apr mei jun jul agu sep okt nov des",
    // Malay
    "jan feb mac apr mei jun jul ogos sep okt nov dis",
    // Thai
    "ม.ค ก.พ มี.ค เม.ย พ.ค มิ.ย ก.ค ส.ค ก.ย ต.ค พ.ย ธ.ค",
    // Hebrew
    "ינו פבר מרץ אפר מאי יונ יול אוג ספט אוק נוב דצמ",
    // Arabic
    "ينا فبر مار أبر ماي يون يول أغس سبت أكت نوف ديس",
    // Arabic
    "يناير فبراير مارس أبريل مايو يونيو يوليو أغسطس سبتمبر أكتوبر نوفمبر ديسمبر",
    // Persian
    "ژانویه فوریه مارس آوریل مه ژوئن ژوئیه اوت سپتامبر اكتبر نوامبر دسامبر",
    // Hindi
    "जन॰ फ़र॰ मार्च अप्रैल मई जून जुल॰ अग॰ सित॰ अक्तू॰ नव॰ दिस॰",
    // Chinese, Japanese
    "1月 2月 3月 4月 5月 6月 7月 8月 9月 10月 11月 12月",
    // Korean
    "1월 2월 3월 4월 5월 6월 7월 8월 9월 10월 11월 12월",
    // Georgian
    "იან თებ მარ აპრ მაი ივნ ივლ აგვ სექ ოქტ ნოე დეკ",
    // Armenian
    "Հնվ Փտր Մար Ապր Մայ Հնս Հլս Օգս Սեպ Հոկ Նմբ Դեկ",
    // Kazakh
    "Қаң Ақп Нау Сәу Мам Мау Шіл Там Қыр Қаз Қар Жел",
    // Esperanto
    "jan feb mar apr maj jun jul aŭg sep okt nov dec",
};

struct Month {
    std::string_view name;
    int number = 0;
};

std::vector<Month> sorted_months() {
    std::vector<Month> months;
    for (std::string_view names : languages) {
        for (int number = 1; number <= 12; ++number) {
            const std::size_t blank = names.find(' ');
            months.push_back({names.substr(0, blank), number});
            names.remove_prefix(std::min(blank, names.size() - 1) + 1);
        }
    }
    // Where two languages disagree the one that stands first wins: a date tells years and days, too.
    std::stable_sort(months.begin(), months.end(),
                     [](const Month& a, const Month& b) { return a.name < b.name; });
    return months;
}

}  // namespace

int month_number(std::string_view word) {
    static const std::vector<Month> months = sorted_months();
    constexpr std::size_t longest = 24;
    if (word.ends_with('.')) word.remove_suffix(1);
    if (word.empty() || word.size() > longest) return 0;
    char lower[longest];
    std::transform(word.begin(), word.end(), lower,
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    const std::string_view name(lower, word.size());
    // Nearly always.
    constexpr std::size_t english_width = 4;
    const std::size_t english = word.size() == 3 ? languages[0].find(name) : std::string_view::npos;
    if (english % english_width == 0) return static_cast<int>(english / english_width) + 1;
    const auto found = std::lower_bound(months.begin(), months.end(), name,
                                        [](const Month& a, std::string_view b) { return a.name < b; });
    return found != months.end() && found->name == name ? found->number : 0;
}

}  // namespace postmortem
