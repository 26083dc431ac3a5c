package lint

// asProxy says that Postfix's files show the filter before the queue.
func (p *Pass) asProxy() bool { return false }
