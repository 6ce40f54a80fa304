using System.Buffers;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Events.Commands.Tasks;

namespace Events.Projections.Rebuild;

/// <summary>
/// Reads the events that a store has most of, in the shape in which the commands write them, in a fraction of the time that a
/// serializer takes. Whatever is not exactly of that shape is left to the serializer, which also says what is wrong with it. Not for
/// several threads.
/// </summary>
internal sealed class PlainBodies
{
    private const int MostLabels = 1024;

    // A workspace has few labels, and fewer ways to put them together.
    private readonly Repeats<string[]> labelled = new(MostLabels);

    /// <summary>Null: another alias, or another shape.</summary>
    public object? TryRead(string alias, ReadOnlySpan<byte> json) => alias switch
    {
        "task_status_changed" => StatusChanged(json),
        "task_created" => Created(json),
        _ => null,
    };

    private static TaskStatusChanged? StatusChanged(ReadOnlySpan<byte> json)
    {
        WorkStatus? from = null, to = null;
        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isFrom = reader.ValueTextEquals("from"u8);
            if ((!isFrom && !reader.ValueTextEquals("to"u8)) || !reader.Read() || Status(ref reader) is not { } status)
                return null;
            if (isFrom)
                from = status;
            else
                to = status;
        }

        return from is { } was && to is { } became ? new TaskStatusChanged(was, became) : null;
    }

    private TaskCreated? Created(ReadOnlySpan<byte> json)
    {
        Guid? project = null, assignee = null, parent = null;
        long? number = null;
        string? key = null, title = null, description = null, rank = null;
        WorkStatus? status = null;
        Priority? priority = null;
        string[]? labels = null;
        DateOnly? due = null;
        decimal? estimate = null;

        var reader = new Utf8JsonReader(json);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = reader.ValueSpan;
            if (reader.ValueIsEscaped)
                return null;
            if (name.SequenceEqual("key"u8))
                key = Text(ref reader);
            else if (name.SequenceEqual("rank"u8))
                rank = Text(ref reader);
            else if (name.SequenceEqual("title"u8))
                title = Text(ref reader);
            else if (name.SequenceEqual("number"u8))
                number = reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var value) ? value : null;
            else if (name.SequenceEqual("status"u8))
                status = reader.Read() ? Status(ref reader) : null;
            else if (name.SequenceEqual("priority"u8))
                priority = reader.Read() ? PriorityOf(ref reader) : null;
            else if (name.SequenceEqual("projectId"u8))
                project = Id(ref reader);
            else if (name.SequenceEqual("labels"u8))
                labels = Labels(json, ref reader);
            else if (name.SequenceEqual("description"u8) && Text(ref reader) is { } text)
                description = text;
            else if (name.SequenceEqual("assigneeId"u8) && Id(ref reader) is { } person)
                assignee = person;
            else if (name.SequenceEqual("parentId"u8) && Id(ref reader) is { } task)
                parent = task;
            else if (name.SequenceEqual("dueOn"u8) && Day(ref reader) is { } day)
                due = day;
            else if (name.SequenceEqual("estimate"u8) && reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetDecimal(out var points))
                estimate = points;
            else
                return null;
        }

        return project is { } projectId && number is { } at && key is not null && title is not null && rank is not null && labels is not null && status is { } began && priority is { } first
            ? new TaskCreated(projectId, at, key, title, description, began, first, assignee, labels, due, estimate, parent, rank)
            : null;
    }

    private static string? Text(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.String ? reader.GetString() : null;

    private static Guid? Id(ref Utf8JsonReader reader) => reader.Read() && reader.TokenType == JsonTokenType.String && reader.TryGetGuid(out var id) ? id : null;

    private static DateOnly? Day(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.String && !reader.ValueIsEscaped && DateOnly.TryParseExact(AsText(reader.ValueSpan, stackalloc char[10]), "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day) ? day : null;

    private static ReadOnlySpan<char> AsText(ReadOnlySpan<byte> ascii, Span<char> text) =>
        ascii.Length == text.Length && Ascii.ToUtf16(ascii, text, out _) == OperationStatus.Done ? text : default;

    private string[]? Labels(ReadOnlySpan<byte> json, ref Utf8JsonReader reader)
    {
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartArray)
            return null;
        var began = reader;
        reader.Skip();
        var text = json[(int)began.TokenStartIndex..(int)reader.BytesConsumed];
        if (labelled.TryGet(text, out var place, out var known))
            return known;
        if (Texts(ref began) is not { } texts)
            return null;
        labelled.Keep(place, text, texts);
        return texts;
    }

    private static string[]? Texts(ref Utf8JsonReader reader)
    {
        List<string>? texts = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.String)
            (texts ??= []).Add(reader.GetString()!);
        return reader.TokenType == JsonTokenType.EndArray ? texts?.ToArray() ?? [] : null;
    }

    private static WorkStatus? Status(ref Utf8JsonReader reader) => reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped ? null : reader.ValueSpan switch
    {
        var name when name.SequenceEqual("backlog"u8) => WorkStatus.Backlog,
        var name when name.SequenceEqual("todo"u8) => WorkStatus.Todo,
        var name when name.SequenceEqual("in_progress"u8) => WorkStatus.InProgress,
        var name when name.SequenceEqual("in_review"u8) => WorkStatus.InReview,
        var name when name.SequenceEqual("done"u8) => WorkStatus.Done,
        var name when name.SequenceEqual("cancelled"u8) => WorkStatus.Cancelled,
        _ => null,
    };

    private static Priority? PriorityOf(ref Utf8JsonReader reader) => reader.TokenType != JsonTokenType.String || reader.ValueIsEscaped ? null : reader.ValueSpan switch
    {
        var name when name.SequenceEqual("none"u8) => Priority.None,
        var name when name.SequenceEqual("low"u8) => Priority.Low,
        var name when name.SequenceEqual("medium"u8) => Priority.Medium,
        var name when name.SequenceEqual("high"u8) => Priority.High,
        var name when name.SequenceEqual("urgent"u8) => Priority.Urgent,
        _ => null,
    };
}
