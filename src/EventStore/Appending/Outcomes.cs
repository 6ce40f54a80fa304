namespace Events.EventStore.Appending;

/// <summary>Reads the answer of <c>append</c> back into the outcomes of its units.</summary>
internal static class Outcomes
{
    private const short Appended = 0;
    private const short VersionConflict = 1;
    private const short StreamArchived = 2;
    private const short KeyKnown = 3;
    private const short KeyReused = 4;

    /// <summary>The outcome of each unit in the order of the batch; null where the stored answer of its key must be fetched.</summary>
    public static AppendOutcome?[] Of(IReadOnlyList<PendingUnit> units, AppendResult result)
    {
        var outcomes = new AppendOutcome?[units.Count];
        var append = 0;
        var written = 0;
        var at = new DateTimeOffset(result.RecordedAt, TimeSpan.Zero);
        for (var i = 0; i < units.Count; i++)
        {
            var pending = units[i];
            var unit = pending.Unit;
            switch (result.Outcomes[i])
            {
                case Appended:
                    var versions = new long[unit.Streams.Count];
                    for (var j = 0; j < versions.Length; j++)
                        versions[j] = result.Firsts[append + j] + unit.Streams[j].Events.Count - 1;
                    written += pending.Encoded.Events.Length;
                    outcomes[i] = new AppendOutcome.Appended(pending.Encoded.Events.Length == 0 ? 0 : result.Positions[written - 1], versions, at);
                    break;
                case VersionConflict:
                    var stale = unit.Streams[result.Faults[i] - append - 1];
                    outcomes[i] = new AppendOutcome.VersionConflict(stale.StreamId, stale.Expected.Value, result.Actuals[i]);
                    break;
                case StreamArchived:
                    outcomes[i] = new AppendOutcome.StreamArchived(unit.Streams[result.Faults[i] - append - 1].StreamId);
                    break;
                case KeyKnown:
                    outcomes[i] = null;
                    break;
                case KeyReused:
                    outcomes[i] = new AppendOutcome.IdempotencyKeyReused(pending.Key!.Key);
                    break;
                default:
                    throw new InvalidOperationException($"append answered the outcome {result.Outcomes[i]}.");
            }

            append += unit.Streams.Count;
        }

        return outcomes;
    }
}
