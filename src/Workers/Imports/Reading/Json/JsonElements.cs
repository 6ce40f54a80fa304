using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Events.Workers.Imports.Reading.Json;

/// <param name="Member">The property of the root object whose array holds it; empty when the root is the array.</param>
internal sealed record JsonItem(string Member, JsonDocument Document) : IDisposable
{
    /// <summary>It was passed over; <see cref="Value"/> is null.</summary>
    public bool IsTooLarge { get; init; }

    public JsonElement Value => Document.RootElement;

    public void Dispose() => Document.Dispose();
}

/// <summary>
/// Streams the elements of the arrays that a JSON file consists of, holding one element at a time, and none that is too large.
/// </summary>
internal static class JsonElements
{
    /// <summary>Bytes of the largest single element. One unit of work takes 4 MiB of events at most.</summary>
    public const int MaxElement = 8 << 20;

    private static readonly JsonReaderOptions Options = new() { AllowTrailingCommas = true, CommentHandling = JsonCommentHandling.Skip, MaxDepth = 64 };

    private enum Outcome
    {
        Item,
        NeedsMore,
        End,
    }

    /// <summary>
    /// The elements of the root array, or of those arrays directly in the root object that <paramref name="members"/> names (all
    /// others are skipped, whatever they hold). The caller disposes each.
    /// </summary>
    /// <exception cref="UnreadableFileException">No JSON from some byte on; what came before has been given.</exception>
    public static async IAsyncEnumerable<JsonItem> ReadAsync(Stream utf8, IReadOnlySet<string> members, [EnumeratorCancellation] CancellationToken ct)
    {
        var pipe = PipeReader.Create(utf8, new StreamPipeReaderOptions(bufferSize: 1 << 18, minimumReadSize: 1 << 16, leaveOpen: true));
        var walk = new Walk(members);
        try
        {
            var wanted = 0L;
            while (true)
            {
                var read = await pipe.ReadAsync(ct);
                var buffer = read.Buffer;
                // An element that was not whole is parsed from its beginning: only once there is twice as much of it.
                if ((buffer.Length < wanted && !read.IsCompleted) || !walk.Passed(ref buffer, read.IsCompleted))
                {
                    pipe.AdvanceTo(buffer.Start, buffer.End);
                    continue;
                }
                while (true)
                {
                    var outcome = walk.Next(ref buffer, read.IsCompleted, out var item);
                    if (outcome == Outcome.Item)
                    {
                        yield return item!;
                        continue;
                    }
                    if (outcome == Outcome.End)
                        yield break;
                    break;
                }
                wanted = Math.Min(buffer.Length * 2, MaxElement + 1);
                if (buffer.Length > MaxElement)
                {
                    yield return walk.PassOver();
                    wanted = 0;
                }
                pipe.AdvanceTo(buffer.Start, wanted == 0 ? buffer.Start : buffer.End);
            }
        }
        finally
        {
            await pipe.CompleteAsync();
        }
    }

    /// <summary>Where the reader stands between two buffers.</summary>
    private sealed class Walk(IReadOnlySet<string> members)
    {
        private JsonReaderState state = new(Options);
        private string? member;
        private bool inArray;
        private bool rootIsObject;
        private bool started;
        private int skipDepth = -1;
        private JsonSkip? passing;

        public long Consumed { get; private set; }

        public Outcome Next(ref ReadOnlySequence<byte> buffer, bool isLast, out JsonItem? item)
        {
            item = null;
            if (isLast && !started && IsBlank(buffer))
                throw new UnreadableFileException("empty_file", "The file is empty.");
            var reader = new Utf8JsonReader(buffer, isLast, state);
            try
            {
                while (true)
                {
                    var before = reader;
                    if (!reader.Read())
                    {
                        Keep(ref buffer, reader);
                        return isLast ? Outcome.End : Outcome.NeedsMore;
                    }
                    if (!started)
                    {
                        Start(reader.TokenType);
                        continue;
                    }
                    if (skipDepth >= 0)
                    {
                        if (reader.CurrentDepth == skipDepth && reader.TokenType is JsonTokenType.EndArray or JsonTokenType.EndObject)
                            skipDepth = -1;
                        continue;
                    }
                    if (inArray)
                    {
                        if (reader.TokenType == JsonTokenType.EndArray)
                        {
                            inArray = false;
                            if (rootIsObject)
                                continue;
                            Keep(ref buffer, reader);
                            return Outcome.End;
                        }
                        if (!JsonDocument.TryParseValue(ref reader, out var document))
                        {
                            Keep(ref buffer, before);
                            return Outcome.NeedsMore;
                        }
                        item = new JsonItem(member ?? "", document);
                        Keep(ref buffer, reader);
                        return Outcome.Item;
                    }
                    Enter(ref reader);
                }
            }
            catch (JsonException broken)
            {
                throw new UnreadableFileException(
                    "broken_json", $"The file is not JSON from byte {Consumed + reader.BytesConsumed:N0} on: {broken.Message} What came before has been read.");
            }
        }

        /// <summary>Begins to pass over the element that the buffer begins with.</summary>
        public JsonItem PassOver()
        {
            if (!inArray)
                throw new UnreadableFileException("element_too_large", $"The member '{member}' from byte {Consumed:N0} on has a text of more than {MaxElement:N0} bytes.");
            passing = new JsonSkip();
            return new JsonItem(member ?? "", JsonDocument.Parse("null")) { IsTooLarge = true };
        }

        /// <returns>False while the element that is passed over goes on after the buffer.</returns>
        public bool Passed(ref ReadOnlySequence<byte> buffer, bool isLast)
        {
            if (passing is null)
                return true;
            var before = buffer.Length;
            var ended = passing.Advance(ref buffer);
            Consumed += before - buffer.Length;
            if (!ended && isLast)
                throw new UnreadableFileException("broken_json", "The file ends in the middle of an element. What came before has been read.");
            if (!ended)
                return false;
            // For the reader the element was a null.
            var reader = new Utf8JsonReader(passing.HasComma ? ",null "u8 : "null "u8, isFinalBlock: false, state);
            reader.Read();
            state = reader.CurrentState;
            passing = null;
            return true;
        }

        private static bool IsBlank(ReadOnlySequence<byte> buffer)
        {
            foreach (var part in buffer)
            {
                if (part.Span.ContainsAnyExcept(" \t\r\n"u8))
                    return false;
            }
            return true;
        }

        private void Start(JsonTokenType token)
        {
            started = true;
            rootIsObject = token == JsonTokenType.StartObject;
            inArray = token == JsonTokenType.StartArray;
            if (!rootIsObject && !inArray)
                throw new UnreadableFileException("not_a_list", "The file is JSON, but neither a list nor an object with lists.");
        }

        /// <summary>Directly in the root object: goes into an array that is asked for, and past everything else.</summary>
        private void Enter(ref Utf8JsonReader reader)
        {
            switch (reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    member = reader.GetString();
                    break;
                case JsonTokenType.StartArray when members.Contains(member!):
                    inArray = true;
                    break;
                case JsonTokenType.StartArray or JsonTokenType.StartObject:
                    skipDepth = reader.CurrentDepth;
                    break;
                default:
                    break;
            }
        }

        private void Keep(ref ReadOnlySequence<byte> buffer, in Utf8JsonReader reader)
        {
            state = reader.CurrentState;
            Consumed += reader.BytesConsumed;
            buffer = buffer.Slice(reader.Position);
        }
    }
}
