#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

// What a provider says of itself outside of calls: its list of models, and why it refuses.
namespace bursar::providers {

/// The names in a list of models: {"data":[{"id":…}]} (OpenAI, Anthropic), {"models":[{"name":…}]} or a bare list of
/// either. Nothing if it is none of these.
std::optional<std::vector<std::string>> read_model_list(std::string_view json);

/// Whether a list has a model, by its own name or by those that some lists use for it ("models/NAME", "NAME:latest").
bool lists(const std::vector<std::string>& names, std::string_view model);

/// What an error body says, on one line and cut to what a person reads; empty if it says nothing. Long words with
/// digits in them are left out, but for `known`: some providers repeat a part of the key.
std::string read_refusal(std::string_view json, std::string_view known);

}  // namespace bursar::providers
