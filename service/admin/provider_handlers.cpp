#include "service/admin/facts_json.h"
#include "service/admin/visit.h"

#include <algorithm>

namespace bursar::admin {
namespace {

constexpr std::size_t model_bytes_max = 128;

std::string_view name_of(Finding::State state) {
    switch (state) {
        case Finding::State::good:
            return "good";
        case Finding::State::bad:
            return "bad";
        case Finding::State::unknown:
            return "unknown";
    }
    return "";
}

void write_entry(JsonWriter& json, const policies::CatalogueEntry& entry, const policies::Snapshot& rules) {
    const policies::Quirks& quirks = entry.provider.quirks;
    json.open().field("name", entry.name).field("about", entry.about);
    json.field("dialect", admin::name_of(entry.provider.dialect)).field("base_url", entry.base_url);
    json.field("asks", entry.asks).field("auth", policies::name_of(entry.provider.auth));
    json.field("prices", entry.prices.empty() ? entry.name : entry.prices);
    json.field("deployments", quirks.deployments).field("api_version", quirks.api_version);
    json.field("max_tokens_name", quirks.max_tokens_name).field("stream_usage", quirks.stream_usage);
    json.field("responses", quirks.responses);
    json.field("models_path", quirks.models_path).key("used_by").open_list();
    for (const auto& [name, provider] : rules.providers)
        if (provider->catalogue == entry.name) json.value(name);
    json.close_list().close();
}

/// Takes the place of the only test, if it is free.
class Testing {
  public:
    explicit Testing(std::atomic<bool>& busy) : busy_(busy), taken_(!busy.exchange(true)) {}
    ~Testing() {
        if (taken_) busy_.store(false);
    }
    Testing(const Testing&) = delete;
    Testing& operator=(const Testing&) = delete;
    bool taken() const { return taken_; }

  private:
    std::atomic<bool>& busy_;
    bool taken_;
};

/// The body may be left out.
Result<std::string> model_asked_for(Visit& visit) {
    if (visit.request.body.empty()) return std::string();
    TRY(const Body body, visit.body());
    const Fields fields = body.fields();
    TRY_VOID(fields.only({"model"}));
    TRY(const std::string_view model, fields.text_or_empty("model", model_bytes_max));
    return std::string(model);
}

std::string report_of(std::string_view provider, const std::vector<Finding>& findings) {
    const bool good =
        std::ranges::none_of(findings, [](const Finding& each) { return each.state == Finding::State::bad; });
    JsonWriter json;
    json.open().field("provider", provider).field("good", good).key("findings").open_list();
    for (const Finding& each : findings)
        json.open().field("name", each.name).field("state", name_of(each.state)).field("text", each.text).close();
    json.close_list().close();
    return std::move(json).text();
}

}  // namespace

Reply provider_list(Visit& visit) { return json_answer(visit.plane.hooks.providers()); }

Reply provider_catalogue(Visit& visit) {
    const auto rules = visit.parts->rules.get();
    JsonWriter json;
    json.open().key("entries").open_list();
    for (const auto& [name, entry] : rules->catalogue) write_entry(json, entry, *rules);
    json.close_list().close();
    return json_answer(std::move(json).text());
}

Reply provider_test(Visit& visit) {
    const std::string name(visit.parameters.front());
    TRY(const std::string model, model_asked_for(visit));
    const auto rules = visit.parts->rules.get();
    if (!rules->providers.contains(name))
        return fail(Fault::not_found, "The policy in force has no provider of that name. See: bursarctl policy show.");
    const Testing testing(visit.plane.testing_provider);
    if (!testing.taken())
        return fail(Fault::overloaded, "Another provider is being tested. Try again when that is over, in a minute.");
    std::vector<Finding> findings;
    TRY_VOID(do_audited(visit, "provider:" + name + (model.empty() ? "" : " model:" + model), [&]() -> Result<void> {
        findings = visit.plane.hooks.test_provider(*rules, name, model);
        return {};
    }));
    return json_answer(report_of(name, findings));
}

}  // namespace bursar::admin
