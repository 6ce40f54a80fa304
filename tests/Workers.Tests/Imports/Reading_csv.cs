using System.Text;
using Events.Commands.Tasks;
using Events.Workers.Imports.Reading;
using Shouldly;

namespace Events.Workers.Tests.Imports;

public sealed class Reading_csv
{
    [Fact]
    public async Task Columns_are_recognised_by_their_headers()
    {
        var file = await Given.FileAsync("csv", """"
            Issue Key,Summary,Description,Status,Priority,Assignee,Reporter,Tags,Due Date,Story Points,Created
            A-1,Fix login,"Line one
            line ""two""",In Progress,Major,Ann Lee <ann@example.com>,@bob,"ui, web;urgent",2026-12-24,3.5,2026-01-02 03:04:05.678
            """");
        var task = file.Tasks.ShouldHaveSingleItem();
        task.SourceKey.ShouldStartWith("A-1@");
        task.Title.ShouldBe("Fix login");
        task.Description.ShouldBe("Line one\nline \"two\"");
        task.Status.ShouldBe(WorkStatus.InProgress);
        task.Priority.ShouldBe(Priority.High);
        task.Assignee.ShouldBe(new ImportedPerson(null, "Ann Lee", "ann@example.com"));
        task.Author.ShouldBe(new ImportedPerson("bob", null, null));
        task.Labels.ShouldBe(["ui", "web", "urgent"]);
        task.DueOn.ShouldBe(new DateOnly(2026, 12, 24));
        task.Estimate.ShouldBe(3.5m);
        task.CreatedAt.ShouldBe(new DateTimeOffset(2026, 1, 2, 3, 4, 5, 678, TimeSpan.Zero));
        file.Codes.ShouldBeEmpty();
    }

    [Theory]
    [InlineData("title;description\nGrün;x\nBlau;y", ";")]
    [InlineData("title\tdescription\nGrün\tx, y, z\nBlau\ty", "tab")]
    [InlineData("title|description\nGrün|a,b\nBlau|c", "|")]
    [InlineData("sep=;\r\ntitle;description\r\nGrün;x,y\r\nBlau;z,a", ";")]
    public async Task The_delimiter_is_detected(string text, string delimiter)
    {
        var file = await Given.FileAsync("csv", text);
        file.Notes.Delimiter.ShouldBe(delimiter);
        file.Titles.ShouldBe(["Grün", "Blau"]);
    }

    public static TheoryData<string, bool> Encodings => new() { { "utf-8", false }, { "utf-8", true }, { "utf-16", true }, { "utf-16BE", true }, { "utf-16", false }, { "utf-16BE", false }, { "utf-32", true }, { "windows-1252", false } };

    [Theory, MemberData(nameof(Encodings))]
    public async Task The_encoding_is_detected(string name, bool mark)
    {
        Encoding.RegisterProvider(CodePagesEncodingProvider.Instance);
        var encoding = Encoding.GetEncoding(name);
        byte[] bytes = [.. mark ? encoding.GetPreamble() : [], .. encoding.GetBytes("title,description\nCafé – naïve,Ärger über Öl\nplain,text\n")];
        var file = await Given.FileAsync("csv", bytes);
        file.Titles.ShouldBe(["Café – naïve", "plain"]);
        file.Tasks[0].Description.ShouldBe("Ärger über Öl");
    }

    [Fact]
    public async Task An_accent_of_an_old_code_page_comes_out_right_however_late_it_stands()
    {
        byte[] late = [.. Encoding.ASCII.GetBytes("title,description\n" + string.Concat(Enumerable.Repeat("plain,text\n", 20_000))), .. "caf"u8, 0xE9, .. ",x\n"u8];
        (await Given.FileAsync("csv", late)).Titles[^1].ShouldBe("café");
    }

    [Fact]
    public async Task A_given_encoding_is_believed() =>
        (await Given.FileAsync("csv", Encoding.GetEncoding("iso-8859-1").GetBytes("title\nÃ©"), new ImportMapping { Encoding = "iso-8859-1", HasHeader = true }))
            .Titles.ShouldBe(["Ã©"]);

    [Fact]
    public async Task An_encoding_that_does_not_exist_is_refused() =>
        (await Refused("csv", "title\nx", new ImportMapping { Encoding = "utf-99" })).Code.ShouldBe("unknown_encoding");

    [Fact]
    public async Task Without_a_header_columns_have_numbers()
    {
        var file = await Given.FileAsync("csv", "1,Alpha,2026-01-01\n2,Beta,2026-01-02\n", Given.Columns(("title", "2"), ("key", "1")));
        file.Titles.ShouldBe(["Alpha", "Beta"]);
        file.Tasks[1].SourceKey.ShouldBe("2");
        (await Refused("csv", "1,Alpha,2026-01-01\n2,Beta,2026-01-02\n")).Code.ShouldBe("no_title_column");
    }

    [Fact]
    public async Task A_mapping_that_names_no_column_says_which_there_are() =>
        (await Refused("csv", "a,b\n1,2", Given.Columns(("title", "c")))).Message.ShouldContain("Columns: a, b");

    [Theory]
    [InlineData("title,description,points\nfirst,ok,1\njust some garbage\nlast,ok,3\n")]
    [InlineData("title,description,points\nfirst,ok,1\n\"never closed,bad,2\nlast,ok,3\n")]
    [InlineData("title,description,points\nfirst,ok,1\nbad,\"never closed,2\nmiddle,\"quoted, fine\",2\nlast,ok,3\n")]
    [InlineData("title,description,points\nfirst,ok,1\na,b,c,d,e,f\nlast,ok,3\n")]
    public async Task A_broken_line_in_the_middle_costs_one_row(string text)
    {
        var file = await Given.FileAsync("csv", text);
        file.Titles[0].ShouldBe("first");
        file.Titles[^1].ShouldBe("last");
        file.Rows.Count(r => r.Content is null).ShouldBe(1);
        file.Rows.Single(r => r.Content is null).Problems[0].Line.ShouldBe(3);
    }

    [Fact]
    public async Task A_line_of_ten_million_characters_costs_one_row()
    {
        var file = await Given.FileAsync("csv", "title,note\nfirst,ok\n" + new string('x', 10_000_000) + ",long\nlast,ok\n");
        file.Titles.ShouldBe(["first", "last"]);
        file.Codes.ShouldBe(["record_too_long"]);
        (await Given.FileAsync("csv", "title\nfirst\n" + new string('x', 10_000_000))).Titles.ShouldBe(["first"]);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\"")]
    [InlineData("1,\"")]
    public async Task A_line_of_a_hundred_megabytes_costs_one_row_and_next_to_no_memory(string before)
    {
        using var repeated = new RepeatedText($"title,note\nfirst,ok\n{before}", new string('x', 1 << 20), 100, ",long\nlast,ok\n");
        var (file, allocated) = await MeasuredAsync(repeated);
        file.Titles.ShouldBe(["first", "last"]);
        file.Codes.ShouldBe(["record_too_long"]);
        file.Rows.Single(r => r.Content is null).Problems[0].Line.ShouldBe(3);
        allocated.ShouldBeLessThan(48 << 20);
    }

    [Fact]
    public async Task A_cell_of_a_hundred_megabytes_in_many_lines_costs_one_row_and_next_to_no_memory()
    {
        var lines = string.Concat(Enumerable.Repeat("words, \"\"quoted\"\" ones, and the end\n", 30_000));
        using var repeated = new RepeatedText("title,note\nfirst,ok\nlong,\"", lines, 100, "\"\nlast,ok\n");
        var (file, allocated) = await MeasuredAsync(repeated);
        file.Titles.ShouldBe(["first", "last"]);
        file.Codes.ShouldBe(["record_too_long"]);
        allocated.ShouldBeLessThan(48 << 20);
    }

    [Fact]
    public async Task A_quote_that_never_closes_before_a_hundred_megabytes_of_rows_costs_one_row()
    {
        using var repeated = new RepeatedText("title,note\n\"first,ok\n", string.Concat(Enumerable.Repeat("a row,its note\n", 70_000)), 10, "last,ok\n");
        var (file, _) = await MeasuredAsync(repeated);
        file.Rows.Count.ShouldBe(700_002);
        file.Codes.ShouldBe(["record_too_long"]);
        file.Rows[0].Problems[0].Line.ShouldBe(2);
    }

    private static async Task<(ReadFile File, long Allocated)> MeasuredAsync(Stream stream)
    {
        var source = new ImportSource(_ => Task.FromResult(stream), stream.Length, new UnpackLimits());
        // Nothing here ever waits: all of it happens on this thread, and other tests' garbage does not count.
        var (before, thread) = (GC.GetAllocatedBytesForCurrentThread(), Environment.CurrentManagedThreadId);
        var file = await Given.FileAsync("csv", source);
        Environment.CurrentManagedThreadId.ShouldBe(thread);
        return (file, GC.GetAllocatedBytesForCurrentThread() - before);
    }

    [Fact]
    public async Task Quotes_that_someone_forgot_to_double_are_kept_when_the_row_fits() =>
        (await Given.FileAsync("csv", "title,description\n\"He said \"hi\" there\",\"and\nmore\"\nnext,x\n")).Titles.ShouldBe(["He said \"hi\" there", "next"]);

    [Fact]
    public async Task A_row_without_a_title_is_an_error_of_its_own()
    {
        var file = await Given.FileAsync("csv", "title,description\n ,no title\ngood,x");
        file.Titles.ShouldBe(["good"]);
        file.Codes.ShouldBe(["missing_title"]);
    }

    [Fact]
    public async Task Duplicate_headers_are_told_and_addressable()
    {
        const string Text = "title,labels,labels,labels,title\nA,x,,y,B\n";
        var file = await Given.FileAsync("csv", Text);
        file.Tasks[0].Labels.ShouldBe(["x", "y"]);
        file.Titles.ShouldBe(["A"]);
        file.Notes.Problems.Select(p => p.Code).ShouldAllBe(c => c == "duplicate_header");
        (await Given.FileAsync("csv", Text, Given.Columns(("title", "title#2")))).Titles.ShouldBe(["B"]);
    }

    [Fact]
    public async Task Rows_of_ten_thousand_columns_are_read_or_refused_row_by_row()
    {
        var header = "title," + string.Join(',', Enumerable.Range(0, 9_999).Select(i => $"c{i}"));
        var row = "wide," + string.Join(',', Enumerable.Range(0, 9_999));
        (await Given.FileAsync("csv", $"{header}\n{row}\n{row}\n")).Titles.ShouldBe(["wide", "wide"]);
        var narrow = await Given.FileAsync("csv", $"title,x\nfirst,1\n{row}\nlast,2\n");
        narrow.Titles.ShouldBe(["first", "last"]);
        narrow.Codes.ShouldBe(["wrong_column_count"]);
    }

    [Fact]
    public async Task An_empty_file_is_refused_and_a_bare_header_has_no_rows()
    {
        (await Refused("csv", "")).Code.ShouldBe("empty_file");
        (await Given.FileAsync("csv", "title,description\n")).Rows.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_binary_file_is_refused() => (await Refused("csv", "title\0\0\u0001\u0002binary")).Code.ShouldBe("not_text");

    [Theory]
    [InlineData("2022-04-08 22:15:30.858", "2022-04-08T22:15:30.858Z")]
    [InlineData("2022-04-08T22:15:30+02:00", "2022-04-08T20:15:30Z")]
    [InlineData("1662064884178", "2022-09-01T20:41:24.178Z")]
    [InlineData("1662064884", "2022-09-01T20:41:24Z")]
    [InlineData("08/Apr/22 10:15 PM", "2022-04-08T22:15:00Z")]
    [InlineData("08.04.2022", "2022-04-08T00:00:00Z")]
    [InlineData("4/8/2022", "2022-04-08T00:00:00Z")]
    [InlineData("24/12/2022", "2022-12-24T00:00:00Z")]
    [InlineData("2022-04-08 22:15:30 UTC", "2022-04-08T22:15:30Z")]
    public async Task Dates_of_many_tools_are_understood(string written, string moment) =>
        (await Given.FileAsync("csv", $"title,created\nx,{written}\n")).Tasks[0].CreatedAt.ShouldBe(DateTimeOffset.Parse(moment));

    [Fact]
    public async Task What_is_not_understood_is_a_warning_and_the_row_stays()
    {
        var file = await Given.FileAsync("csv", "title,status,priority,created,estimate\nx,Waiting for Godot,meh,someday soon,lots\n");
        file.Titles.ShouldBe(["x"]);
        file.Codes.ShouldBe(["bad_date", "unknown_status", "unknown_priority", "bad_number"], ignoreOrder: true);
        var mapped = await Given.FileAsync("csv", "title,status\nx,Waiting for Godot\n", new ImportMapping { Statuses = new Dictionary<string, string> { ["waiting for godot"] = "in_review" } });
        mapped.Tasks[0].Status.ShouldBe(WorkStatus.InReview);
    }

    [Fact]
    public async Task What_is_too_long_is_cut_with_a_warning_and_no_word_of_the_title_is_lost()
    {
        var title = new string('é', 600);
        var file = await Given.FileAsync("csv", $"title,description\n{title},tail\n");
        file.Tasks[0].Title.Length.ShouldBeLessThanOrEqualTo(500);
        file.Tasks[0].Description.ShouldBe(title + "\n\ntail");
        file.Codes.ShouldBe(["title_shortened"]);
    }

    [Fact]
    public async Task Rows_without_keys_are_known_by_place_and_content()
    {
        var twice = await Given.FileAsync("csv", "title,description\nsame,x\nsame,x\n");
        twice.Tasks.Select(t => t.SourceKey).Distinct().Count().ShouldBe(2);
        var again = await Given.FileAsync("csv", "title,description\nsame,x\nsame,x\n");
        again.Tasks.Select(t => t.SourceKey).ShouldBe(twice.Tasks.Select(t => t.SourceKey));
    }

    [Fact]
    public async Task A_formula_that_an_export_made_harmless_comes_back_as_it_was() =>
        (await Given.FileAsync("csv", "title,description\n'=1+1,'it''s\n")).Titles.ShouldBe(["=1+1"]);

    [Fact]
    public async Task A_file_of_nothing_but_open_quotes_takes_time_in_proportion_to_its_size()
    {
        var text = "title,description\n" + string.Concat(Enumerable.Repeat("\"a,b\n", 200_000));
        var file = await Given.FileAsync("csv", text);
        file.Rows.Count.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task A_large_file_is_read_in_bounded_memory()
    {
        var source = new ImportSource(_ => Task.FromResult<Stream>(new GeneratedCsv(rows: 1_500_000)), 1, new UnpackLimits());
        var most = 0L;
        var rows = 0;
        await foreach (var row in ImportFormats.ReadAsync("csv", source, ImportMapping.Guess, new FileNotes(), TestContext.Current.CancellationToken))
        {
            row.Content.ShouldNotBeNull();
            if (++rows % 100_000 == 0)
                most = Math.Max(most, GC.GetTotalMemory(forceFullCollection: true));
        }
        rows.ShouldBe(1_500_000);
        source.Consumed.ShouldBeGreaterThan(100 << 20);
        most.ShouldBeLessThan(48 << 20);
    }

    private static Task<UnreadableFileException> Refused(string format, string text, ImportMapping? mapping = null) =>
        Should.ThrowAsync<UnreadableFileException>(() => Given.FileAsync(format, text, mapping));

    /// <summary>More than a hundred megabytes that exist nowhere.</summary>
    private sealed class GeneratedCsv(int rows) : Stream
    {
        private static readonly byte[] Row = Encoding.UTF8.GetBytes("Größe prüfen,\"Zeile eins\nZeile zwei, mit \"\"Zitat\"\" und noch etwas Text\",todo\n");
        private byte[] current = Encoding.UTF8.GetBytes("title,description,status\n");
        private int at;
        private int given;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(byte[] buffer, int offset, int count) => Fill(buffer.AsSpan(offset, count));

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Fill(buffer.Span));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private int Fill(Span<byte> buffer)
        {
            var filled = 0;
            while (filled < buffer.Length)
            {
                if (at == current.Length)
                {
                    if (given == rows)
                        break;
                    given++;
                    current = Row;
                    at = 0;
                }
                var count = Math.Min(buffer.Length - filled, current.Length - at);
                current.AsSpan(at, count).CopyTo(buffer[filled..]);
                at += count;
                filled += count;
            }
            return filled;
        }
    }
}
