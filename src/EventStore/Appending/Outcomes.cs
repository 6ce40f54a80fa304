namespace Events.EventStore.Appending;

/// <summary>Reads the answer of <c>append</c> (0101_append.sql tells its layout) back into the outcomes of its units.</summary>
internal static class Outcomes
{
    private const int Appended = 0;
    private const int VersionConflict = 1;
    private const int StreamArchived = 2;
    private const int KeyKnown = 3;
    private const int KeyReused = 4;

    private const int Head = 2;

    /// <summary>The outcome of each unit in the order of the batch; null where the stored answer of its key must be fetched.</summary>
    public static AppendOutcome?[] Of(IReadOnlyList<PendingUnit> units, long[] answer)
    {
        var at = DateTimeOffset.UnixEpoch.AddMicroseconds(answer[0]);
        var refused = answer[1] != 0;
        var appends = 0;
        foreach (var unit in units)
            appends += unit.Unit.Streams.Count;
        var verdicts = refused ? answer.Length - 3 * units.Count : answer.Length;
        var firsts = verdicts - appends;

        var outcomes = new AppendOutcome?[units.Count];
        var append = 0;
        var written = 0;
        for (var i = 0; i < units.Count; i++)
        {
            var unit = units[i];
            var streams = unit.Unit.Streams;
            var verdict = refused ? answer[verdicts + i] : Appended;
            var fault = refused ? (int)answer[verdicts + units.Count + i] - append - 1 : 0;
            switch (verdict)
            {
                case Appended:
                    var versions = new long[streams.Count];
                    for (var j = 0; j < versions.Length; j++)
                        versions[j] = answer[firsts + append + j] + streams[j].Events.Count - 1;
                    written += unit.Encoded.Events.Length;
                    outcomes[i] = new AppendOutcome.Appended(unit.Encoded.Events.Length == 0 ? 0 : answer[Head + written - 1], versions, at);
                    break;
                case VersionConflict:
                    outcomes[i] = new AppendOutcome.VersionConflict(streams[fault].StreamId, streams[fault].Expected.Value, answer[verdicts + 2 * units.Count + i]);
                    break;
                case StreamArchived:
                    outcomes[i] = new AppendOutcome.StreamArchived(streams[fault].StreamId);
                    break;
                case KeyKnown:
                    outcomes[i] = null;
                    break;
                case KeyReused:
                    outcomes[i] = new AppendOutcome.IdempotencyKeyReused(unit.Key!.Key);
                    break;
                default:
                    throw new InvalidOperationException($"append answered the outcome {verdict}.");
            }

            append += streams.Count;
        }

        return outcomes;
    }
}
