using System.Collections.Frozen;
using System.Globalization;
using System.Text;
using Events.Commands.Tasks;

namespace Events.Workers.Imports.Reading;

/// <summary>Other systems' words for what tasks have: statuses, priorities, dates, numbers.</summary>
internal sealed class SourceWords(ImportMapping mapping)
{
    private static readonly FrozenDictionary<string, WorkStatus> Statuses = Table<WorkStatus>(
        (WorkStatus.Backlog, "backlog|icebox|later|someday|inbox|triage|needs triage|ideas"),
        (WorkStatus.Todo, "todo|to do|open|opened|new|reopened|not started|selected for development|ready|ready for development|planned|next|next up|unstarted|pending"),
        (WorkStatus.InProgress, "in progress|doing|started|wip|in development|active|working on it|in arbeit|ongoing|current"),
        (WorkStatus.InReview, "in review|review|code review|qa|testing|in test|in testing|ready for review|verify|verification|to review|awaiting review"),
        (WorkStatus.Done, "done|closed|resolved|complete|completed|finished|fixed|merged|shipped|released|erledigt|true|yes|x|1"),
        (WorkStatus.Cancelled, "cancelled|canceled|won't do|wont do|won't fix|wontfix|invalid|duplicate|rejected|declined|abandoned|not planned|not_planned|discarded"));

    private static readonly FrozenDictionary<string, Priority> Priorities = Table<Priority>(
        (Priority.None, "none|no priority|unset|undefined|0"),
        (Priority.Low, "low|lowest|minor|trivial|p4|4|nice to have"),
        (Priority.Medium, "medium|normal|moderate|p3|3|default"),
        (Priority.High, "high|major|p2|2|important"),
        (Priority.Urgent, "urgent|highest|critical|blocker|p1|p0|1|immediate|showstopper"));

    private static readonly string[] MomentFormats =
    [
        "yyyy-MM-dd HH:mm:ss.FFFFFFF", "yyyy-MM-dd HH:mm:ss.FFFFFFFK", "yyyy-MM-dd HH:mm:ss 'UTC'", "yyyy-MM-dd HH:mm:ss zzz",
        "yyyy-MM-dd HH:mm", "yyyy-MM-dd", "yyyy/MM/dd HH:mm:ss", "yyyy/MM/dd HH:mm", "yyyy/MM/dd",
        "dd/MMM/yy h:mm tt", "d/MMM/yy h:mm tt", "dd/MMM/yyyy h:mm tt", "dd/MMM/yy HH:mm", "dd/MMM/yy", "dd MMM yyyy HH:mm", "d MMM yyyy", "MMM d, yyyy",
        "MMM d, yyyy h:mm tt", "dd.MM.yyyy HH:mm:ss", "dd.MM.yyyy HH:mm", "dd.MM.yyyy", "d.M.yyyy",
        "M/d/yyyy h:mm:ss tt", "M/d/yyyy h:mm tt", "M/d/yyyy HH:mm:ss", "M/d/yyyy HH:mm", "M/d/yyyy", "M/d/yy",
        "d/M/yyyy HH:mm:ss", "d/M/yyyy HH:mm", "d/M/yyyy", "d/M/yy", "ddd, dd MMM yyyy HH:mm:ss 'GMT'",
    ];

    private readonly Dictionary<string, WorkStatus> givenStatuses = Given<WorkStatus>(mapping.Statuses, "statuses");
    private readonly Dictionary<string, Priority> givenPriorities = Given<Priority>(mapping.Priorities, "priorities");

    public WorkStatus? StatusOf(string? text) => Look(text, givenStatuses, Statuses);

    public Priority? PriorityOf(string? text) => Look(text, givenPriorities, Priorities);

    /// <summary>ISO, the usual exports' formats, or seconds or milliseconds since 1970; without an offset it is UTC.</summary>
    public DateTimeOffset? Moment(string? text)
    {
        var value = text?.Trim();
        if (string.IsNullOrEmpty(value))
            return null;
        const DateTimeStyles Styles = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (mapping.DateFormat is { } format && DateTimeOffset.TryParseExact(value, format, CultureInfo.InvariantCulture, Styles, out var moment))
            return moment;
        if (long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            return Epoch(number);
        if (DateTimeOffset.TryParseExact(value, MomentFormats, CultureInfo.InvariantCulture, Styles, out moment))
            return moment;
        // Its offset is required here: without one this method would guess at orders of day and month.
        return value.Contains('T', StringComparison.Ordinal) && char.IsAsciiDigit(value[0])
            && DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, Styles, out moment)
            ? moment
            : null;
    }

    public DateOnly? Day(string? text) => Moment(text) is { } moment ? DateOnly.FromDateTime(moment.UtcDateTime) : null;

    /// <summary>Seconds or milliseconds since 1970, told apart by size; null outside the years 1970 to 9999.</summary>
    public static DateTimeOffset? Epoch(long number) => number switch
    {
        < 0 => null,
        < 20_000_000_000 => DateTimeOffset.FromUnixTimeSeconds(number),
        < 253_402_300_800_000 => DateTimeOffset.FromUnixTimeMilliseconds(number),
        _ => null,
    };

    public static decimal? Number(string? text) =>
        decimal.TryParse(text?.Trim(), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static TValue? Look<TValue>(string? text, Dictionary<string, TValue> given, FrozenDictionary<string, TValue> known)
        where TValue : struct
    {
        if (string.IsNullOrWhiteSpace(text))
            return null;
        var word = Normalised(text);
        return given.TryGetValue(word, out var value) || known.TryGetValue(word, out value) ? value : null;
    }

    private static string Normalised(string text)
    {
        var word = new StringBuilder(text.Length);
        foreach (var c in text.Trim())
            word.Append(c is '_' or '-' ? ' ' : char.ToLowerInvariant(c));
        return word.ToString();
    }

    private static FrozenDictionary<string, TValue> Table<TValue>(params ReadOnlySpan<(TValue Value, string Words)> rows)
    {
        var table = new Dictionary<string, TValue>(StringComparer.Ordinal);
        foreach (var (value, words) in rows)
        {
            foreach (var word in words.Split('|'))
                table[Normalised(word)] = value;
        }
        return table.ToFrozenDictionary(StringComparer.Ordinal);
    }

    private static Dictionary<string, TValue> Given<TValue>(IReadOnlyDictionary<string, string>? words, string member)
        where TValue : struct, Enum
    {
        var table = new Dictionary<string, TValue>(StringComparer.Ordinal);
        foreach (var (word, name) in words ?? new Dictionary<string, string>())
        {
            if (!Enum.TryParse<TValue>(name.Replace("_", "", StringComparison.Ordinal), ignoreCase: true, out var value) || !char.IsAsciiLetter(name[0]))
                throw new UnreadableFileException("bad_mapping", $"mapping.{member}: '{name}' is not one of {string.Join(", ", Enum.GetNames<TValue>())}.");
            table[Normalised(word)] = value;
        }
        return table;
    }
}
