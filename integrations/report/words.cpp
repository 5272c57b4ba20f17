#include "integrations/report/words.h"

#include <algorithm>

namespace bursar::integrations::report {
namespace {

constexpr Words english = {
    .code = "en",
    .months = {"January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
               "November", "December"},
    .weekdays = {"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"},
    .thousands = {"", "k", "M", "B", "T"},
    .week = "week {} of {}, {}",
    .title = "Usage of language models",
    .title_of = "Usage report of {}",
    .so_far = "so far",
    .compared = "compared with {}",
    .made = "made on {}",
    .spend = "Spend",
    .against = "{} on {}",
    .no_before = "there is no period before",
    .budget = "Budget used",
    .of_limit = "{} of {}",
    .budgets_card = "Budgets nearly used up",
    .budgets_full = "{} of {}",
    .budgets_full_note = "are at 90 % of their limit or more",
    .expected = "Expected at the end",
    .expected_note = "if spending goes on as it does",
    .calls = "Calls",
    .calls_note = "{} each, {} tokens",
    .tokens = "Tokens",
    .waste_card = "Paid for nothing",
    .waste_note = "{} failed calls, {} retries",
    .saving = "Cheaper models save",
    .saving_note = "if the same calls ran on them",
    .by_hour = "Spend by hour",
    .by_day = "Spend by day",
    .chart_what = "The most was {}, at {}.",
    .budgets = "Budgets",
    .teams = "Teams",
    .models = "Models",
    .people = "People",
    .cost_centres = "Cost centres",
    .movers = "What changed most",
    .waste = "Waste and unused allowance",
    .cheaper = "What a cheaper model would have cost",
    .budgets_lead = "Each limit in its own period, the fullest first.",
    .movers_lead = "The greatest differences to {}.",
    .waste_lead = "What was paid without an answer to show for it, and what was allowed but not taken.",
    .cheaper_lead =
        "The same calls at the prices of another model of the same or a lower tier. Whether its answers are "
        "good enough is for each team to try.",
    .people_hidden = "The policy hides the names of people.",
    .nothing = "Nothing was used in this period.",
    .account = "Account",
    .limit = "Limit",
    .used = "Used",
    .used_share = "Used %",
    .used_up_at = "Used up on",
    .soft = "only warns",
    .team = "Team",
    .department = "Department",
    .model = "Model",
    .person = "Person",
    .cost_centre = "Cost centre",
    .share = "Share",
    .change = "Change",
    .before = "Before",
    .difference = "Difference",
    .expected_short = "Expected",
    .what = "What",
    .number = "Number",
    .amount = "Amount",
    .errors = "Calls that ended with an error",
    .retries = "Attempts that another one followed",
    .refused = "Calls that were refused",
    .unused = "Left of team budgets when their period ended",
    .idle = "Teams with a budget and no call",
    .other_model = "Cheaper model",
    .would_cost = "Would have cost",
    .would_save = "Saves",
    .no_team = "no team",
    .no_model = "no model",
    .no_person = "no person",
    .no_cost_centre = "no cost centre",
    .rest = "{} more",
    .total = "Total",
    .is_new = "new",
    .cost_note = "Spend is what the books have charged. Providers were paid {}.",
    .rate_note = "The books are in US dollars; amounts are shown at {} {} for a dollar.",
    .rounding_note = "Lines are rounded so that they add up to their total. Exact amounts are in the CSV file.",
    .open = "Open usage in the console",
    .page = "Page {} of {}",
    .files_elsewhere =
        "The files of this report cannot come here: they go by mail, into a Jira issue or by a Slack bot.",
    .files_are = "Files: {}.",
    .top = "Most spend",
    .organisation = "Organisation",
    .key = "Key",
};

constexpr Words german = {
    .code = "de",
    .months = {"Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober",
               "November", "Dezember"},
    .weekdays = {"Mo", "Di", "Mi", "Do", "Fr", "Sa", "So"},
    .thousands = {"", "\u00a0Tsd.", "\u00a0Mio.", "\u00a0Mrd.", "\u00a0Bio."},
    .week = "Woche {}/{}, {}",
    .title = "Nutzung von Sprachmodellen",
    .title_of = "Nutzungsbericht {}",
    .so_far = "bisher",
    .compared = "verglichen mit {}",
    .made = "erstellt am {}",
    .spend = "Ausgaben",
    .against = "{} gegenüber {}",
    .no_before = "kein Zeitraum davor",
    .budget = "Budget verbraucht",
    .of_limit = "{} von {}",
    .budgets_card = "Fast verbrauchte Budgets",
    .budgets_full = "{} von {}",
    .budgets_full_note = "liegen bei 90 % oder mehr",
    .expected = "Erwartet bis zum Ende",
    .expected_note = "wenn es so weitergeht",
    .calls = "Aufrufe",
    .calls_note = "je {}, {} Token",
    .tokens = "Token",
    .waste_card = "Umsonst bezahlt",
    .waste_note = "{} Fehler, {} Wiederholungen",
    .saving = "Günstigere Modelle sparen",
    .saving_note = "wenn dieselben Aufrufe dort liefen",
    .by_hour = "Ausgaben je Stunde",
    .by_day = "Ausgaben je Tag",
    .chart_what = "Am meisten waren es {}, bei {}.",
    .budgets = "Budgets",
    .teams = "Teams",
    .models = "Modelle",
    .people = "Personen",
    .cost_centres = "Kostenstellen",
    .movers = "Größte Veränderungen",
    .waste = "Verschwendetes und Ungenutztes",
    .cheaper = "Was ein günstigeres Modell gekostet hätte",
    .budgets_lead = "Jedes Limit in seinem eigenen Zeitraum, das vollste zuerst.",
    .movers_lead = "Die größten Unterschiede zu {}.",
    .waste_lead = "Was ohne brauchbare Antwort bezahlt wurde, und was erlaubt war und liegen blieb.",
    .cheaper_lead =
        "Dieselben Aufrufe zu den Preisen eines anderen Modells derselben oder einer niedrigeren Stufe. Ob "
        "dessen Antworten gut genug sind, muss jedes Team ausprobieren.",
    .people_hidden = "Die Richtlinie verbirgt die Namen von Personen.",
    .nothing = "In diesem Zeitraum wurde nichts genutzt.",
    .account = "Konto",
    .limit = "Limit",
    .used = "Verbraucht",
    .used_share = "Anteil",
    .used_up_at = "Aufgebraucht am",
    .soft = "warnt nur",
    .team = "Team",
    .department = "Abteilung",
    .model = "Modell",
    .person = "Person",
    .cost_centre = "Kostenstelle",
    .share = "Anteil",
    .change = "Änderung",
    .before = "Davor",
    .difference = "Differenz",
    .expected_short = "Erwartet",
    .what = "Was",
    .number = "Anzahl",
    .amount = "Betrag",
    .errors = "Aufrufe, die mit einem Fehler endeten",
    .retries = "Versuche, denen ein weiterer folgte",
    .refused = "Abgelehnte Aufrufe",
    .unused = "Am Ende ihres Zeitraums übrig von Team-Budgets",
    .idle = "Teams mit Budget und ohne Aufruf",
    .other_model = "Günstigeres Modell",
    .would_cost = "Hätte gekostet",
    .would_save = "Spart",
    .no_team = "kein Team",
    .no_model = "kein Modell",
    .no_person = "keine Person",
    .no_cost_centre = "keine Kostenstelle",
    .rest = "{} weitere",
    .total = "Summe",
    .is_new = "neu",
    .cost_note = "Ausgaben sind, was die Bücher belastet haben. An Anbieter gingen {}.",
    .rate_note = "Die Bücher sind in US-Dollar; gezeigt wird zum Kurs von {} {} je Dollar.",
    .rounding_note = "Zeilen sind so gerundet, dass sie ihre Summe ergeben. Genaue Beträge stehen in der CSV-Datei.",
    .open = "Nutzung in der Konsole öffnen",
    .page = "Seite {} von {}",
    .files_elsewhere =
        "Die Dateien dieses Berichts können nicht hierher: Sie kommen per E-Mail, in ein Jira-Ticket oder "
        "durch einen Slack-Bot.",
    .files_are = "Dateien: {}.",
    .top = "Höchste Ausgaben",
    .organisation = "Organisation",
    .key = "Schlüssel",
};

constexpr Words french = {
    .code = "fr",
    .months = {"janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
               "novembre", "décembre"},
    .weekdays = {"lun.", "mar.", "mer.", "jeu.", "ven.", "sam.", "dim."},
    .thousands = {"", "\u00a0k", "\u00a0M", "\u00a0Md", "\u00a0Bn"},
    .week = "semaine {} de {}, {}",
    .title = "Utilisation des modèles de langage",
    .title_of = "Rapport d’utilisation : {}",
    .so_far = "à ce jour",
    .compared = "par rapport à {}",
    .made = "établi le {}",
    .spend = "Dépenses",
    .against = "{} par rapport à {}",
    .no_before = "pas de période précédente",
    .budget = "Budget consommé",
    .of_limit = "{} sur {}",
    .budgets_card = "Budgets presque épuisés",
    .budgets_full = "{} sur {}",
    .budgets_full_note = "ont atteint 90 % de leur limite",
    .expected = "Prévision en fin de période",
    .expected_note = "si les dépenses continuent ainsi",
    .calls = "Appels",
    .calls_note = "{} par appel, {} jetons",
    .tokens = "Jetons",
    .waste_card = "Payé pour rien",
    .waste_note = "{} appels en erreur, {} reprises",
    .saving = "Économie possible",
    .saving_note = "avec des modèles moins chers",
    .by_hour = "Dépenses par heure",
    .by_day = "Dépenses par jour",
    .chart_what = "Le maximum est de {}, à {}.",
    .budgets = "Budgets",
    .teams = "Équipes",
    .models = "Modèles",
    .people = "Personnes",
    .cost_centres = "Centres de coûts",
    .movers = "Principales évolutions",
    .waste = "Gaspillage et budget non utilisé",
    .cheaper = "Ce qu’un modèle moins cher aurait coûté",
    .budgets_lead = "Chaque limite dans sa propre période, la plus consommée d’abord.",
    .movers_lead = "Les plus grands écarts par rapport à {}.",
    .waste_lead = "Ce qui a été payé sans réponse utile, et ce qui était accordé mais n’a pas servi.",
    .cheaper_lead =
        "Les mêmes appels aux prix d’un autre modèle du même niveau ou d’un niveau inférieur. À chaque équipe "
        "d’essayer si ses réponses suffisent.",
    .people_hidden = "La politique masque le nom des personnes.",
    .nothing = "Rien n’a été utilisé pendant cette période.",
    .account = "Compte",
    .limit = "Limite",
    .used = "Consommé",
    .used_share = "Part",
    .used_up_at = "Épuisé le",
    .soft = "avertit seulement",
    .team = "Équipe",
    .department = "Département",
    .model = "Modèle",
    .person = "Personne",
    .cost_centre = "Centre de coûts",
    .share = "Part",
    .change = "Évolution",
    .before = "Avant",
    .difference = "Écart",
    .expected_short = "Prévu",
    .what = "Quoi",
    .number = "Nombre",
    .amount = "Montant",
    .errors = "Appels terminés par une erreur",
    .retries = "Tentatives suivies d’une autre",
    .refused = "Appels refusés",
    .unused = "Reste des budgets d’équipe en fin de période",
    .idle = "Équipes avec un budget et sans appel",
    .other_model = "Modèle moins cher",
    .would_cost = "Aurait coûté",
    .would_save = "Économie",
    .no_team = "sans équipe",
    .no_model = "sans modèle",
    .no_person = "sans personne",
    .no_cost_centre = "sans centre de coûts",
    .rest = "{} autres",
    .total = "Total",
    .is_new = "nouveau",
    .cost_note = "Les dépenses sont ce que les livres ont facturé. Les fournisseurs ont reçu {}.",
    .rate_note = "Les livres sont en dollars américains ; les montants sont affichés à {} {} pour un dollar.",
    .rounding_note =
        "Les lignes sont arrondies de sorte que leur somme soit le total affiché. Les montants exacts sont "
        "dans le fichier CSV.",
    .open = "Ouvrir l’utilisation dans la console",
    .page = "Page {} sur {}",
    .files_elsewhere =
        "Les fichiers de ce rapport ne peuvent pas venir ici : ils arrivent par courriel, dans un ticket "
        "Jira ou par un bot Slack.",
    .files_are = "Fichiers : {}.",
    .top = "Plus fortes dépenses",
    .organisation = "Organisation",
    .key = "Clé",
};

struct Kind {
    std::string_view english;
    const char *german, *french;
};
constexpr std::array kinds = {
    Kind{"per hour", "pro Stunde", "par heure"},         Kind{"per day", "pro Tag", "par jour"},
    Kind{"per week", "pro Woche", "par semaine"},        Kind{"per month", "pro Monat", "par mois"},
    Kind{"per quarter", "pro Quartal", "par trimestre"}, Kind{"per year", "pro Jahr", "par an"},
    Kind{"for good", "für immer", "sans fin"},
};

}  // namespace

const Words& words_of(Language language) {
    switch (language) {
        case Language::en:
            return english;
        case Language::de:
            return german;
        case Language::fr:
            return french;
    }
    return english;
}

std::string filled(std::string_view sentence, std::initializer_list<std::string_view> parts) {
    std::string out;
    for (const std::string_view part : parts) {
        const std::size_t at = std::min(sentence.find("{}"), sentence.size());
        out.append(sentence.substr(0, at));
        if (at == sentence.size()) return out;
        out.append(part);
        sentence.remove_prefix(at + 2);
    }
    return out.append(sentence);
}

std::string kind_in(Language language, const std::string& kind) {
    std::string_view plain = kind;
    constexpr std::string_view money = "money ";
    if (plain.starts_with(money)) plain.remove_prefix(money.size());
    if (language == Language::en) return std::string(plain);
    const auto* const found = std::ranges::find(kinds, plain, &Kind::english);
    if (found == kinds.end()) return std::string(plain);
    return language == Language::de ? found->german : found->french;
}

AccountWords account_in(const Words& words, const std::string& account) {
    const std::size_t end = account.find_first_of(":/");
    const std::string level = account.substr(0, end);
    std::string name = end == std::string::npos ? std::string() : account.substr(end + 1);
    if (level == "org" || level == "organisation") return {words.organisation, std::move(name)};
    if (level == "team") return {std::move(name), words.team};
    if (level == "department") return {std::move(name), words.department};
    if (level == "person" || level == "user") return {std::move(name), words.person};
    if (level == "key") return {std::move(name), words.key};
    return {account, {}};
}

}  // namespace bursar::integrations::report
