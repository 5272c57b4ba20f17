#pragma once

#include "service/audit/booked.h"
#include "service/base/budget.h"
#include "service/treasury/reconcile/export.h"

#include <map>
#include <string>
#include <vector>

// A provider's export beside our books, and which lost or estimated calls it lets us correct. Pure.
namespace bursar::treasury::reconcile {

struct Side {
    std::int64_t calls = 0;
    Usage usage;
    Tokens tokens = 0;  ///< of every class, with what was corrected earlier
    NanoUsd cost;       ///< likewise
    bool operator==(const Side&) const = default;
};

struct Unproven {
    std::int64_t calls = 0;
    NanoUsd cost;
    bool operator==(const Unproven&) const = default;
};

/// One day and one model; a model is one under all its names (see model_key).
struct ComparedRow {
    Day day;
    std::string model;
    Side ours;
    Side theirs;
    Unproven lost;       ///< how much of ours is
    Unproven estimated;  ///< how much of ours is
    std::string note;    ///< why nothing, or not everything, is corrected; empty if there is nothing to say
};

/// What would be entered for one attempt; never one whose numbers are the provider's own.
struct Correction {
    CallId call;
    AttemptId attempt;
    Day day;
    std::string model;
    UsageSource source = UsageSource::lost;
    Amounts amounts;  ///< to be added: negative lowers
};

struct Comparison {
    bool has_calls = false;
    bool has_tokens = false;
    bool has_cost = false;
    std::vector<ComparedRow> rows;  ///< by day and model
    std::vector<Correction> corrections;
    std::int64_t unplaced_calls = 0;  ///< lost calls of these days of which nobody knows to whom they went
    NanoUsd unplaced_cost;
};

/// What was corrected earlier, by attempt.
using Earlier = std::map<AttemptId, Amounts>;

/// `booked` is of the days of `theirs`. Corrections of one day and model add up to the difference exactly, or there are
/// none: lost and estimated calls are lowered, oldest first, if together they cover what we have too much; estimated
/// ones are raised in proportion where we have too little. A day that is not over is only shown.
Comparison compare(const Export& theirs, const audit::Booked& booked, const Earlier& earlier, Timestamp now);

/// A model's name without what differs between answers, bills and dashboards: "Claude Haiku 4.5",
/// "claude-haiku-4-5-20251001" -> "claude-haiku-4-5"; "gpt-4o-2024-08-06" -> "gpt-4o".
std::string model_key(std::string_view name);
Tokens tokens_of(const Usage& usage);

/// Takes `surplus` off the values from the front, none below zero; what to add to each. Their sum covers it.
std::vector<std::int64_t> lower_in_order(const std::vector<std::int64_t>& values, std::int64_t surplus);
/// Parts of `deficit` in proportion to the values (equal parts if all are zero), exact to the unit by the method of the
/// largest remainder.
std::vector<std::int64_t> raise_in_proportion(const std::vector<std::int64_t>& values, std::int64_t deficit);

/// {"rows":[…],"corrections":[…],…}, as the API answers it.
std::string to_json(const Comparison& comparison);

}  // namespace bursar::treasury::reconcile
