namespace Events.Workers.Imports.Reading.Csv;

/// <summary>One record of a CSV file.</summary>
/// <param name="Line">Where it starts, from 1.</param>
/// <param name="Fields">Empty when it is broken.</param>
/// <param name="Problem">Why it cannot be read; null when it can.</param>
internal sealed record CsvRecord(long Line, IReadOnlyList<string> Fields, CsvProblem? Problem);

internal sealed record CsvProblem(string Code, string Detail);
