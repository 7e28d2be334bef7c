#pragma once

#include <catvox/array/read_report.hpp>
#include <vector>

namespace catvox::detail {

/// Adds chunks to those that a report lists, as many as it may.
inline void list(const std::vector<MissingChunk>& more, std::vector<MissingChunk>& all) {
  for (const MissingChunk& chunk : more) {
    if (all.size() < ReadReport::most_listed) all.push_back(chunk);
  }
}

/// Adds what another part of the same read did to a report.
inline void append(const ReadReport& more, ReadReport& all) {
  all.missing += more.missing;
  list(more.missing_chunks, all.missing_chunks);
  for (const auto& [origin, chunks] : more.served) all.served[origin] += chunks;
  for (const auto& [mirror, chunks] : more.mirrors) all.mirrors[mirror] += chunks;
  all.failures.insert(all.failures.end(), more.failures.begin(), more.failures.end());
  for (const StandIn& stand_in : more.stand_ins) {
    if (all.stand_ins.size() < ReadReport::most_listed) all.stand_ins.push_back(stand_in);
  }
}

}  // namespace catvox::detail
