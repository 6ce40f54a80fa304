using System.Globalization;
using System.Runtime.InteropServices;

namespace Events.Projections.Rebuild;

/// <summary>
/// Some of the streams, by their hash: a set of a rebuild, and of that set what one lane folds. Which set a stream is in does not
/// depend on the lanes: another process, with other cores, may go on with the next set.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct StreamShare(int Sets, int Set, int Lanes, int Lane)
{
    private const string Hash = "(uuid_hash(stream_id) & 2147483647)";

    /// <summary>SQL, to be added to a where clause; empty when it is all streams.</summary>
    public string Condition => string.Create(
        CultureInfo.InvariantCulture,
        $"{(Sets > 1 ? $"and {Hash} % {Sets} = {Set} " : "")}{(Lanes > 1 ? $"and {Hash} / {Sets} % {Lanes} = {Lane}" : "")}");
}
